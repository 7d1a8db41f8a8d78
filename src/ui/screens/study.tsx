// One study: its images, and what can be done with it.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Instance, Study } from "../../api/contract.ts";
import { apiPath, read, send } from "../client.ts";
import { dateTime, patientLine, personName } from "../format.ts";
import { Button } from "../parts/button.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { ExportDialog } from "../parts/export-dialog.tsx";
import { JobLine } from "../parts/job-line.tsx";
import { PrintDialog } from "../parts/print-dialog.tsx";
import { SendDialog } from "../parts/send-dialog.tsx";
import { Strip } from "../parts/strip.tsx";
import { attempt, beginExam, go, jobs, studiesVersion, tell } from "../state.ts";
import { strings } from "../strings.ts";
import { Viewer } from "../viewer/viewer.tsx";

const words = strings.studies;

export function StudyScreen({ studyInstanceUid }: { studyInstanceUid: string }) {
  const study = useSignal<Study | null>(null);
  const selected = useSignal<string | null>(null);
  const asking = useSignal<"none" | "send" | "print" | "export" | "remove">("none");
  const version = studiesVersion.value;
  const close = () => {
    asking.value = "none";
  };

  useEffect(() => {
    void attempt(() => read<Study>(apiPath("studies", studyInstanceUid))).then((fresh) => {
      if (fresh === null) return;
      study.value = fresh;
      selected.value ??= imagesOf(fresh)[0]?.sopInstanceUid ?? null;
    });
  }, [studyInstanceUid, version]);

  const remove = async () => {
    close();
    const gone = await attempt(async () => {
      await send<null>("DELETE", apiPath("studies", studyInstanceUid));
      return true;
    });
    if (gone !== true) return;
    tell("done", words.removed);
    go({ name: "studies" });
  };

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
          <ul class="deliveries">{instance && deliveries(instance)}</ul>
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
      </aside>
      {instance === undefined ? (
        <section class="viewer empty-viewer">
          <h2>{strings.exam.noImages}</h2>
        </section>
      ) : (
        <Viewer
          sopInstanceUid={instance.sopInstanceUid}
          overlay={[
            [personName(shown.patient.name), patientLine(shown.patient)],
            [
              `${instance.modality} ${instance.seriesNumber}/${instance.instanceNumber}`,
              dateTime(instance.createdAt),
            ],
          ]}
        />
      )}
      <Strip
        instances={images}
        selected={selected.value}
        onSelect={(uid) => {
          selected.value = uid;
        }}
      />
      {asking.value === "send" && (
        <SendDialog studyInstanceUid={studyInstanceUid} onClose={close} />
      )}
      {asking.value === "print" && <PrintDialog instances={images} onClose={close} />}
      {asking.value === "export" && (
        <ExportDialog studyInstanceUid={studyInstanceUid} onClose={close} />
      )}
      {asking.value === "remove" && (
        <Confirm
          title={words.removeTitle}
          text={words.removeText}
          action={words.remove}
          kind="danger"
          onConfirm={remove}
          onClose={close}
        />
      )}
    </div>
  );
}

/** Instances that can be looked at: a dose report has no pixels. */
const imagesOf = (study: Study): Instance[] =>
  study.series.flatMap((series) => series.instances).filter((instance) => instance.rows > 0);

function deliveries(instance: Instance) {
  return [
    ...instance.send.map(({ remoteId, state, reason }) => [remoteId, state, reason] as const),
    ...instance.commit.map(({ remoteId, state, reason }) => [remoteId, state, reason] as const),
    ...instance.print.map(({ target, at }) => [target, "printed", at && dateTime(at)] as const),
    ...instance.export.map(({ target, at }) => [target, "exported", at && dateTime(at)] as const),
  ].map(([remoteId, state, reason]) => (
    <li key={`${remoteId} ${state}`}>
      <b>{remoteId}</b> {state} {reason}
    </li>
  ));
}
