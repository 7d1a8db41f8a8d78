// An acquisition thread that is ready to expose and then dies: by an exception or by ending itself.

import type { FromAcquisition, ToAcquisition } from "../../../src/workers/acquisition/messages.ts";
import { SMALL_MODES } from "../../hal/detector/small-panel.ts";

declare const self: {
  onmessage: ((event: MessageEvent<ToAcquisition>) => void) | null;
  postMessage(message: FromAcquisition): void;
};

const info = { vendor: "", model: "", serial: "", firmware: "", modes: SMALL_MODES };

self.onmessage = ({ data }) => {
  if (data.type === "start") self.postMessage({ type: "started", info });
  if (data.type !== "call") return;
  switch (data.call.method) {
    case "open":
      self.postMessage({ type: "event", event: { type: "state", state: "armed" } });
      self.postMessage({ type: "event", event: { type: "expose-ready", ready: true } });
      self.postMessage({ type: "done", id: data.id, value: undefined });
      break;
    case "trigger":
      throw new Error("the driver went mad");
    case "stop":
      process.exit(3);
  }
};
