// Start of an exam: from the worklist, for a new patient, or at once in an emergency.

import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Exam, NewExam, StudySummary } from "../../api/contract.ts";
import { apiPath, read } from "../client.ts";
import { patientLine, personName, toPersonName, typedDate } from "../format.ts";
import { Button } from "../parts/button.tsx";
import { stopTyping, TextField } from "../parts/keyboard.tsx";
import { ProtocolButton } from "../parts/protocol-button.tsx";
import { ProtocolChooser } from "../parts/protocol-chooser.tsx";
import { Worklist } from "../parts/worklist.tsx";
import {
  attempt,
  beginExam,
  go,
  offered,
  openExams,
  protocols,
  showExam,
  studiesVersion,
  tell,
} from "../state.ts";
import { strings } from "../strings.ts";
import { StudyRow } from "./study-row.tsx";

type Sex = keyof typeof strings.sexes;

// Kept while the user looks at another screen.
const familyName = signal("");
const givenName = signal("");
const patientId = signal("");
const birthDate = signal("");
const sex = signal<Sex | null>(null);
const protocolId = signal<string | null>(null);

const COMPLETE_DATE = /^\d{4}-\d{2}-\d{2}$/;

function clearForm(): void {
  familyName.value = "";
  givenName.value = "";
  patientId.value = "";
  birthDate.value = "";
  sex.value = null;
}

export function StartScreen() {
  return (
    <div class="screen start">
      <NewExamCard />
      <div class="start-side">
        {openExams.value.map((exam) => (
          <OpenExamCard key={exam.id} exam={exam} />
        ))}
        {offered("POST", "/worklist/query") ? <Worklist /> : <RecentStudies />}
      </div>
    </div>
  );
}

function NewExamCard() {
  const choosing = useSignal(false);
  const protocol = protocols.value.find((p) => p.id === protocolId.value) ?? protocols.value[0];

  const begin = async () => {
    if (familyName.value.trim() === "") {
      tell("problem", strings.start.nameMissing);
      return;
    }
    const patient = {
      name: toPersonName(familyName.value, givenName.value),
      ...(patientId.value.trim() === "" ? {} : { id: patientId.value.trim() }),
      ...(birthDate.value === "" ? {} : { birthDate: birthDate.value }),
      ...(sex.value === null ? {} : { sex: sex.value }),
    };
    stopTyping();
    if (await beginExam(withProtocol({ patient }))) clearForm();
  };
  const emergency = () =>
    beginExam(withProtocol({ patient: { name: strings.start.emergencyName } }));
  const withProtocol = (request: NewExam): NewExam =>
    protocolId.value === null ? request : { ...request, protocolId: protocolId.value };

  return (
    <section class="card new-exam">
      <h2>{strings.start.newExam}</h2>
      <div class="form">
        <TextField label={strings.patient.familyName} value={familyName} />
        <TextField label={strings.patient.givenName} value={givenName} />
        <TextField label={strings.patient.id} value={patientId} hint={strings.patient.idHint} />
        <TextField
          label={strings.patient.birthDate}
          value={birthDate}
          hint={strings.patient.birthDateHint}
          layout="digits"
          shape={typedDate}
          maxLength={10}
        />
        <fieldset class="field choice">
          <legend>{strings.patient.sex}</legend>
          {(Object.keys(strings.sexes) as Sex[]).map((value) => (
            <Button
              key={value}
              label={strings.sexes[value]}
              pressed={sex.value === value}
              onPress={() => {
                sex.value = sex.value === value ? null : value;
              }}
            />
          ))}
        </fieldset>
        <ProtocolButton
          name={protocol?.name}
          onPress={() => {
            choosing.value = true;
          }}
        />
      </div>
      <div class="start-buttons">
        <Button
          kind="warning"
          size="large"
          icon="emergency"
          label={strings.start.emergency}
          hint={strings.start.emergencyHint}
          onPress={emergency}
        />
        <Button
          kind="primary"
          size="large"
          icon="start"
          label={strings.start.start}
          disabled={birthDate.value !== "" && !COMPLETE_DATE.test(birthDate.value)}
          onPress={begin}
        />
      </div>
      {choosing.value && (
        <ProtocolChooser
          chosen={protocol?.id}
          onChoose={(chosen) => {
            protocolId.value = chosen.id;
            choosing.value = false;
          }}
          onClose={() => {
            choosing.value = false;
          }}
        />
      )}
    </section>
  );
}

function OpenExamCard({ exam }: { exam: Exam }) {
  return (
    <section class="card open-exam">
      <div>
        <h3>{strings.start.openExam}</h3>
        <b>{personName(exam.patient.name)}</b>
        <p>{patientLine(exam.patient)}</p>
      </div>
      <Button
        kind="primary"
        label={strings.start.continueExam}
        icon="forward"
        onPress={() => {
          showExam(exam);
          go({ name: "exam" });
        }}
      />
    </section>
  );
}

function RecentStudies() {
  const studies = useSignal<readonly StudySummary[]>([]);
  const version = studiesVersion.value;
  useEffect(() => {
    void attempt(() => read<StudySummary[]>(`${apiPath("studies")}?limit=20`)).then((list) => {
      if (list !== null) studies.value = list;
    });
  }, [version]);
  return (
    <section class="card list-card">
      <header>
        <h2>{strings.start.recent}</h2>
      </header>
      <div class="rows">
        {studies.value.length === 0 && <p class="empty">{strings.start.noStudies}</p>}
        {studies.value.map((study) => (
          <StudyRow key={study.studyInstanceUid} study={study} />
        ))}
      </div>
    </section>
  );
}
