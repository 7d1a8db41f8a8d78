// Marks of an instance: small ones on a picture, whole sentences in a list.

import type { Instance } from "../../api/contract.ts";
import { dateTime } from "../format.ts";
import { Icon } from "../icons.tsx";
import { briefMarksOf, marksOf } from "../marks.ts";
import { strings } from "../strings.ts";

const words = strings.marks;

export function BriefMarks({ instance }: { instance: Instance }) {
  const marks = briefMarksOf(instance);
  if (marks.length === 0) return null;
  return (
    <span class="brief-marks">
      {marks.map((mark) => (
        <i
          key={mark.icon}
          class={`brief-mark ${mark.tone}`}
          title={`${mark.place} ${mark.text}`}
          data-mark={`${mark.icon} ${mark.tone}`}
        >
          <Icon name={mark.icon} size={20} />
        </i>
      ))}
    </span>
  );
}

export function MarkList({ instance }: { instance: Instance }) {
  const marks = marksOf(instance);
  if (marks.length === 0) return <p>{words.none}</p>;
  return (
    <ul class="mark-list">
      {marks.map((mark) => (
        <li key={`${mark.icon} ${mark.place}`} class={mark.tone}>
          <Icon name={mark.icon} size={22} />
          <span>
            <b>{mark.place}</b> {mark.text}
            {mark.at !== undefined && <small> {dateTime(mark.at)}</small>}
            {mark.reason !== undefined && <small class="reason">{mark.reason}</small>}
          </span>
        </li>
      ))}
    </ul>
  );
}
