"""The HTML page around a report: its frame and its style, in light and dark."""

from string import Template

PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
:root { --ink: #1c2024; --soft: #60666d; --line: #e1e4e8; --card: #f6f7f9; --paper: #ffffff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ea; --soft: #9aa2aa; --line: #33383e; --card: #1e2226; --paper: #15181b; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 32px 24px 64px; background: var(--paper);
  color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
h1 { margin: 0 0 8px; font-size: 28px; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 40px 0 12px; font-size: 19px; }
p { max-width: 76ch; margin: 0 0 12px; }
.lead { margin-bottom: 20px; color: var(--soft); font-size: 17px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
  margin: 0; }
.tiles div { padding: 12px 16px; border-radius: 10px; background: var(--card); }
.tiles dt, .tiles p, figcaption { color: var(--soft); font-size: 13.5px; }
.tiles dd { margin: 0; font-size: 27px; font-variant-numeric: tabular-nums; }
.tiles p { margin: 0; }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 16px; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(520px, 100%), 1fr));
  gap: 16px; }
figure { margin: 0; }
figure img { display: block; width: 100%; border-radius: 10px; background: #ffffff;
  border: 1px solid var(--line); }
figcaption { margin-top: 6px; overflow-wrap: anywhere; }
.scroll { max-height: 560px; overflow: auto; border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
.scroll table { width: 100%; }
th, td { padding: 7px 12px; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child { text-align: left; font-weight: 500; overflow-wrap: anywhere; }
thead th { position: sticky; top: 0; background: var(--card); color: var(--soft);
  font-weight: 500; vertical-align: bottom; }
.pooled th, .pooled td { font-weight: 650; }
.settings td { text-align: left; overflow-wrap: anywhere; }
@media print { .scroll { max-height: none; } }
</style>
</head>
<body>
<h1>$title</h1>
$body
</body>
</html>
""")
