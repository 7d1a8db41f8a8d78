// A study in a list.

import type { StudySummary } from "../../api/contract.ts";
import { dateTime, patientLine, personName } from "../format.ts";
import { Icon } from "../icons.tsx";
import { go } from "../state.ts";
import { strings } from "../strings.ts";

export function StudyRow({ study }: { study: StudySummary }) {
  const { numberOfInstances, sent, committed } = study;
  return (
    <button
      type="button"
      class="row"
      onClick={() => go({ name: "study", studyInstanceUid: study.studyInstanceUid })}
    >
      <span class="row-time">{study.startedAt && dateTime(study.startedAt)}</span>
      <span class="row-main">
        <b>{personName(study.patient.name)}</b>
        <span>{patientLine(study.patient)}</span>
      </span>
      <span class="row-what">
        <b>{study.description ?? study.modalities.join(" ")}</b>
        <span>
          {study.modalities.join(" ")} · {strings.studies.objects(numberOfInstances)}
        </span>
      </span>
      <span class="marks">
        {!study.local && <i class="mark">{strings.studies.received}</i>}
        {sent > 0 && (
          <i class={`mark${sent === numberOfInstances ? " good" : ""}`}>
            {strings.studies.sent} {sent}/{numberOfInstances}
          </i>
        )}
        {committed > 0 && (
          <i class={`mark${committed === numberOfInstances ? " good" : ""}`}>
            {strings.studies.committed} {committed}/{numberOfInstances}
          </i>
        )}
      </span>
      <Icon name="forward" />
    </button>
  );
}
