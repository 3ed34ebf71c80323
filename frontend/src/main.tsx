import { render } from "preact";

import { start } from "./actions";
import { followTraining } from "./panels/train/follow_training";
import { Shell } from "./shell";
import "./styles/page.css";

render(<Shell />, document.getElementById("app")!);
start();
followTraining();
