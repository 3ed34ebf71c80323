import { render } from "preact";

import { start } from "./live";
import { followTraining } from "./panels/train/follow_training";
import { Shell } from "./shell";
import "./styles/base.css";
import "./styles/page.css";
import "./styles/list.css";
import "./styles/viewer.css";

render(<Shell />, document.getElementById("app")!);
start();
followTraining();
