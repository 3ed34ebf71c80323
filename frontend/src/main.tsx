import { render } from "preact";

import { start } from "./actions";
import { Shell } from "./shell";
import "./styles/page.css";

render(<Shell />, document.getElementById("app")!);
start();
