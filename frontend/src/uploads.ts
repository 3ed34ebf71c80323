// Files of this computer, sent into the project's folder so that the server can read them there.

import { uploadFile } from "./api";

/** A name for files that are sent together, that no other batch has. */
function newBatch(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sends files that belong together; gives their paths, relative to the project's folder. */
export async function uploadTogether(files: Iterable<File>): Promise<string[]> {
  const batch = newBatch();
  const paths: string[] = [];
  for (const file of files) paths.push(await uploadFile(file, batch));
  return paths;
}
