// Bundles the pages into src/deepem/studio/static, with the licences of what is bundled.

import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const home = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(home, "..", "src", "deepem", "studio", "static");

/** The packages of node_modules that the bundle holds, by the list of its inputs. */
function listPackages(metafile) {
  const found = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) found.add(match[1]);
  }
  return [...found].sort();
}

async function collectLicences(packages) {
  const texts = [];
  for (const name of packages) {
    const folder = join(home, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} has no licence file`);
    const text = await readFile(join(folder, file), "utf8");
    texts.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  const title = "DeepEM Studio's page (app.js) contains these packages, under their own licences.\n";
  return [title, ...texts].join(`\n${"-".repeat(80)}\n\n`);
}

const options = {
  entryPoints: { app: join(home, "src", "main.tsx") },
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome109", "firefox115", "safari16.4"],
  legalComments: "none", // they are in LICENSES.txt
  metafile: true,
  logLevel: "info",
};

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
for (const name of ["index.html", "icon.svg"]) await cp(join(home, "src", name), join(out, name));

if (process.argv.includes("--watch")) {
  await (await esbuild.context(options)).watch();
} else {
  const { metafile } = await esbuild.build(options);
  await writeFile(join(out, "LICENSES.txt"), await collectLicences(listPackages(metafile)));
}
