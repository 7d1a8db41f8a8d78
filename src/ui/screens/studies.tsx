// All studies on the device, filtered by name, id and date.

import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { StudySummary } from "../../api/contract.ts";
import { apiPath, read } from "../client.ts";
import { typedDate } from "../format.ts";
import { Button } from "../parts/button.tsx";
import { HeldExams } from "../parts/held-exams.tsx";
import { TextField } from "../parts/keyboard.tsx";
import { attempt, studiesVersion } from "../state.ts";
import { strings } from "../strings.ts";
import { StudyRow } from "./study-row.tsx";

const words = strings.studies;
const SETTLE_MS = 250;
const LISTED_MAX = 200;

const name = signal("");
const id = signal("");
const date = signal("");

export function StudiesScreen() {
  const studies = useSignal<readonly StudySummary[] | null>(null);
  const version = studiesVersion.value;
  const query = new URLSearchParams({ limit: String(LISTED_MAX) });
  if (name.value.trim() !== "") query.set("name", name.value.trim());
  if (id.value.trim() !== "") query.set("patientId", id.value.trim());
  if (date.value.length === 10) query.set("date", date.value);
  const asked = query.toString();

  useEffect(() => {
    const timer = setTimeout(() => {
      void attempt(() => read<StudySummary[]>(`${apiPath("studies")}?${asked}`)).then((list) => {
        if (list !== null) studies.value = list;
      });
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [asked, version]);

  return (
    <div class="screen studies">
      <div class="filter">
        <TextField label={words.filterName} value={name} />
        <TextField label={words.filterId} value={id} />
        <TextField
          label={words.filterDate}
          value={date}
          hint={strings.patient.birthDateHint}
          layout="digits"
          shape={typedDate}
          maxLength={10}
        />
        <Button
          label={words.clear}
          icon="close"
          onPress={() => {
            name.value = "";
            id.value = "";
            date.value = "";
          }}
        />
      </div>
      <HeldExams />
      <section class="card list-card">
        <div class="rows">
          {studies.value?.length === 0 && <p class="empty">{words.empty}</p>}
          {studies.value?.map((study) => (
            <StudyRow key={study.studyInstanceUid} study={study} />
          ))}
        </div>
      </section>
    </div>
  );
}
