// The sticks that are plugged in, a row each, with what can be done with one.

import type { ComponentChildren } from "preact";
import type { Medium } from "../../api/contract.ts";
import { media } from "../state.ts";

/** `none`: said where there is no stick. `children`: the buttons of a stick's row. */
export function StickRows({
  none,
  children,
}: {
  none: string;
  children: (stick: Medium) => ComponentChildren;
}) {
  const sticks = media.value.filter((medium) => medium.kind === "usb");
  if (sticks.length === 0) return <p class="empty">{none}</p>;
  return (
    <>
      {sticks.map((stick) => (
        <div key={stick.device} class="row static" data-medium={stick.device}>
          <span class="row-main">
            <b>{stick.label}</b>
            <span>{stick.reason ?? stick.device}</span>
          </span>
          {children(stick)}
        </div>
      ))}
    </>
  );
}
