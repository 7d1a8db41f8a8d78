// The state of panel and tube, readable from across the room.

import { acquisition } from "../state.ts";
import { strings } from "../strings.ts";

export function Lamp() {
  const { state, reason } = acquisition.value;
  return (
    <div class={`lamp ${state}`} role="status" title={reason}>
      <i />
      <span>{strings.states[state]}</span>
    </div>
  );
}
