// What an export says when a medium cannot take it: what happened, what to do, and that nothing that was
// on the medium is lost.

import { unreachable } from "../core/assert.ts";
import { sizeText } from "../export/space.ts";
import type { ExportAnswer } from "../workers/export/messages.ts";

type Failure = Exclude<ExportAnswer, { type: "placed" | "finished" | "interrupted" }>;

const AS_BEFORE = "What was on it before is as it was.";

/** `medium`: "stick", or "disc folder" while a disc's content is put together. */
export function exportFailure(answer: Failure, medium: "stick" | "disc folder"): string {
  switch (answer.type) {
    case "no-space":
      return medium === "stick"
        ? `The stick has ${sizeText(answer.freeBytes)} free, ${sizeText(answer.neededBytes)} are needed. Take a larger one, or make room on it with a computer. ${AS_BEFORE}`
        : `The device has ${sizeText(answer.freeBytes)} free, ${sizeText(answer.neededBytes)} are needed to prepare the disc. Delete sent studies, then try again.`;
    case "directory-refused":
      return `${capital(answer.reason)}. Nothing was written to the ${medium}; take another one, or have this one's owner mend it.`;
    case "source-failed":
      return `${capital(answer.reason)}. Leave this object out, or restore it from the archive. ${AS_BEFORE}`;
    case "medium-failed":
      switch (answer.fault) {
        case "full":
          return `The ${medium} ran full. Take a larger one, or make room. ${AS_BEFORE}`;
        case "read-only":
          return `The ${medium} is write-protected. Move its switch, or take another one. ${AS_BEFORE}`;
        case "gone":
          return `The ${medium} was pulled out before everything was written. Put it in again and try again: the job goes on where it was. ${AS_BEFORE}`;
        case "broken":
          return `The ${medium} does not keep what is written (${answer.reason}). Take another one.`;
        default:
          return unreachable(answer.fault);
      }
    default:
      return unreachable(answer);
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
