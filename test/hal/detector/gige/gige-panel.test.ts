// The GigE Vision driver against the device side of the simulated panel.

import { detectorContract } from "../../../contract/detector.ts";
import { joinedPanel } from "./memory-wire.ts";

detectorContract("GigE Vision", (clock) => joinedPanel(clock));
