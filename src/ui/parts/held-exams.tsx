// Every exam that is held back, above the list of studies, so that none is forgotten.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Exam } from "../../api/contract.ts";
import { apiPath, outcomeOf, read } from "../client.ts";
import { personName } from "../format.ts";
import { studiesVersion } from "../state.ts";
import { HeldExam } from "./held-exam.tsx";

/** Discontinued exams looked through, newest first; an older one is found at its study. */
const LOOKED_THROUGH_MAX = 200;
const SETTLE_MS = 250;

export function HeldExams() {
  const held = useSignal<readonly Exam[]>([]);
  const version = studiesVersion.value;
  useEffect(() => {
    const query = `?state=discontinued&limit=${LOOKED_THROUGH_MAX}`;
    const timer = setTimeout(() => {
      void outcomeOf(() => read<Exam[]>(`${apiPath("exams")}${query}`)).then((ended) => {
        if (ended.ok) held.value = ended.value.filter((exam) => exam.held === true);
      });
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [version]);
  return (
    <>
      {held.value.map((exam) => (
        <HeldExam
          key={exam.id}
          examId={exam.id}
          studyInstanceUid={exam.studyInstanceUid}
          name={personName(exam.patient.name)}
        />
      ))}
    </>
  );
}
