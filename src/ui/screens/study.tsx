// One study: its images, and what can be done with it.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Instance, Study } from "../../api/contract.ts";
import { apiPath, isProblem, outcomeOf, read } from "../client.ts";
import { dateTime, patientLine, personName } from "../format.ts";
import { Button } from "../parts/button.tsx";
import { ExportDialog } from "../parts/export-dialog.tsx";
import { HeldExam } from "../parts/held-exam.tsx";
import { JobLine } from "../parts/job-line.tsx";
import { BriefMarks, MarkList } from "../parts/marks.tsx";
import { ObjectsDialog } from "../parts/objects-dialog.tsx";
import { PrintDialog } from "../parts/print-dialog.tsx";
import { RemoveDialog } from "../parts/remove-dialog.tsx";
import { SendDialog } from "../parts/send-dialog.tsx";
import { Strip } from "../parts/strip.tsx";
import { beginExam, go, jobs, screen, studiesVersion, tell } from "../state.ts";
import { strings } from "../strings.ts";
import { bearsItsWords, NO_WORDS } from "../viewer/view-picture.ts";
import { Viewer } from "../viewer/viewer.tsx";

const words = strings.studies;

export function StudyScreen({ studyInstanceUid }: { studyInstanceUid: string }) {
  const study = useSignal<Study | null>(null);
  const selected = useSignal<string | null>(null);
  const asking = useSignal<"none" | "send" | "print" | "export" | "remove" | "objects">("none");
  const version = studiesVersion.value;
  const close = () => {
    asking.value = "none";
  };

  /** The study is gone; whoever looks at another screen by now stays there. */
  const leave = () => {
    const now = screen.value;
    if (now.name === "study" && now.studyInstanceUid === studyInstanceUid) go({ name: "studies" });
  };

  useEffect(() => {
    void outcomeOf(() => read<Study>(apiPath("studies", studyInstanceUid))).then((fresh) => {
      if (fresh.ok) {
        study.value = fresh.value;
        selected.value ??= imagesOf(fresh.value)[0]?.sopInstanceUid ?? null;
      } else if (isProblem(fresh.problem, "not-found")) leave();
      else tell("problem", fresh.problem.detail, fresh.problem.title);
    });
  }, [studyInstanceUid, version]);

  const shown = study.value;
  if (shown === null) return <div class="screen" />;
  const images = imagesOf(shown);
  const instance = images.find((i) => i.sopInstanceUid === selected.value);
  const running = jobs.value.filter((job) => job.studyInstanceUid === studyInstanceUid).slice(0, 3);
  return (
    <div class="screen exam">
      <aside class="controls">
        <div class="study-facts">
          <Button label={strings.back} icon="back" onPress={() => go({ name: "studies" })} />
          <h2>{personName(shown.patient.name)}</h2>
          <p>{patientLine(shown.patient)}</p>
          <p>{shown.description}</p>
          <p>{shown.startedAt && dateTime(shown.startedAt)}</p>
          <p>{shown.accessionNumber}</p>
          {instance && <MarkList instance={instance} />}
          <Button
            icon="studies"
            label={strings.marks.all}
            onPress={() => {
              asking.value = "objects";
            }}
          />
          {heldExams(shown).map((examId) => (
            <HeldExam
              key={examId}
              examId={examId}
              studyInstanceUid={studyInstanceUid}
              onRemoved={leave}
            />
          ))}
        </div>
        <div class="end-exam">
          {running.map((job) => (
            <JobLine key={job.id} job={job} />
          ))}
          <Button
            icon="send"
            kind="primary"
            label={strings.exam.send}
            disabled={images.length === 0}
            onPress={() => {
              asking.value = "send";
            }}
          />
          <div class="pair">
            <Button
              icon="print"
              label={strings.print.action}
              disabled={images.length === 0}
              onPress={() => {
                asking.value = "print";
              }}
            />
            <Button
              icon="export"
              label={words.export}
              onPress={() => {
                asking.value = "export";
              }}
            />
            <Button
              icon="plus"
              label={words.append}
              disabled={!shown.local}
              onPress={() => beginExam({ appendTo: studyInstanceUid })}
            />
            <Button
              icon="trash"
              kind="danger"
              label={words.remove}
              onPress={() => {
                asking.value = "remove";
              }}
            />
          </div>
        </div>
      </aside>
      {instance === undefined ? (
        <section class="viewer empty-viewer">
          <h2>{strings.exam.noImages}</h2>
        </section>
      ) : (
        <Viewer
          sopInstanceUid={instance.sopInstanceUid}
          overlay={
            bearsItsWords(instance)
              ? NO_WORDS
              : [
                  [personName(shown.patient.name), patientLine(shown.patient)],
                  [
                    `${instance.modality} ${instance.seriesNumber}/${instance.instanceNumber}`,
                    dateTime(instance.createdAt),
                  ],
                ]
          }
        />
      )}
      <Strip
        instances={images}
        selected={selected.value}
        onSelect={(uid) => {
          selected.value = uid;
        }}
        marks={(each) => <BriefMarks instance={each} />}
      />
      {asking.value === "send" && (
        <SendDialog studyInstanceUid={studyInstanceUid} onClose={close} />
      )}
      {asking.value === "print" && <PrintDialog instances={images} onClose={close} />}
      {asking.value === "export" && (
        <ExportDialog studyInstanceUid={studyInstanceUid} onClose={close} />
      )}
      {asking.value === "objects" && <ObjectsDialog study={shown} onClose={close} />}
      {asking.value === "remove" && (
        <RemoveDialog
          studyInstanceUid={studyInstanceUid}
          held={heldExams(shown).length > 0}
          onRemoved={leave}
          onClose={close}
        />
      )}
    </div>
  );
}

/** Instances that can be looked at: a dose report has no pixels. */
const imagesOf = (study: Study): Instance[] =>
  study.series.flatMap((series) => series.instances).filter((instance) => instance.rows > 0);

/** The exams of which something is held back. */
const heldExams = (study: Study): string[] => [
  ...new Set(
    study.series
      .flatMap((series) => series.instances)
      .flatMap(({ held, examId }) => (held === true && examId !== undefined ? [examId] : [])),
  ),
];
