// Entry of the kiosk page.

import { render } from "preact";
import { App } from "./app.tsx";
import { followDevice } from "./events.ts";

const root = document.getElementById("kiosk");
if (root !== null) {
  render(<App />, root);
  followDevice();
}
// A long press must not open a menu on the panel.
document.addEventListener("contextmenu", (event) => event.preventDefault());
