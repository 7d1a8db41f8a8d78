// The exam: protocol and technique on the left, the image in the middle, all images on the right.

import { batch, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type {
  DiscontinuationReason,
  Exam,
  Exposure,
  ProtocolView,
  Technique,
} from "../../api/contract.ts";
import { exposureLines } from "../exposure-lines.ts";
import { clockTime, patientLine, personName } from "../format.ts";
import { Icon } from "../icons.tsx";
import { Button } from "../parts/button.tsx";
import { CaptureDialog } from "../parts/capture-dialog.tsx";
import { Confirm, Dialog } from "../parts/dialog.tsx";
import { HeldExam } from "../parts/held-exam.tsx";
import { JobLine } from "../parts/job-line.tsx";
import { ProtocolButton } from "../parts/protocol-button.tsx";
import { ProtocolChooser } from "../parts/protocol-chooser.tsx";
import { SendDialog } from "../parts/send-dialog.tsx";
import { StepLine } from "../parts/step-line.tsx";
import { Stepper } from "../parts/stepper.tsx";
import { Strip } from "../parts/strip.tsx";
import { canCapture } from "../service-actions.ts";
import {
  acquisition,
  beginExam,
  completeExam,
  discontinueExam,
  exam,
  go,
  health,
  imagesOf,
  jobs,
  offered,
  prepare,
  pressSwitch,
  protocols,
  saveLastRun,
  selectedInstance,
  storeLastImage,
} from "../state.ts";
import { strings } from "../strings.ts";
import { stepTechnique, TECHNIQUE_LIMITS, type TechniqueKey } from "../technique.ts";
import { LiveView, useLive } from "../viewer/live-view.tsx";
import { bearsItsWords, NO_WORDS } from "../viewer/view-picture.ts";
import { Viewer } from "../viewer/viewer.tsx";

const words = strings.exam;
/** After the last step of a value a prepared system is prepared again. */
const SETTLE_MS = 300;
const RUN_SECONDS_MAX = 30;

export function ExamScreen() {
  const picks = useSignal(0);
  const shown = exam.value;
  if (shown === null)
    return (
      <div class="screen blank">
        <Icon name="exam" size={72} />
        <h2>{words.none}</h2>
        <p>{words.noneHint}</p>
        <Button
          kind="primary"
          size="large"
          label={words.toStart}
          onPress={() => go({ name: "start" })}
        />
      </div>
    );
  return (
    <div class="screen exam" key={shown.id}>
      <Controls exam={shown} />
      <ImageArea exam={shown} picks={picks.value} />
      <Strip
        instances={imagesOf(shown)}
        selected={selectedInstance.value}
        onSelect={(uid) => {
          selectedInstance.value = uid;
          picks.value += 1;
        }}
      />
    </div>
  );
}

/** `picks` counts touches of the strip: each leaves the live view, also for the same image. */
function ImageArea({ exam: shown, picks }: { exam: Exam; picks: number }) {
  const live = useLive(offered("GET", "/live") && shown.state === "open");
  const uid = selectedInstance.value;
  // A held image stays when its run arrives as an object; only the hand on the strip leaves it.
  useEffect(() => {
    if (live.value?.held !== true) live.value = null;
  }, [uid]);
  useEffect(() => {
    live.value = null;
  }, [picks]);
  if (live.value !== null && shown.state === "open")
    return (
      <LiveView frame={live.value}>
        <Button
          icon="plus"
          label={strings.viewer.storeImage}
          onPress={() => storeLastImage(shown.id)}
        />
        {shown.exposures.at(-1)?.saved === false && (
          <Button
            icon="archive"
            label={strings.viewer.saveRun}
            onPress={() => saveLastRun(shown.id)}
          />
        )}
      </LiveView>
    );
  const images = imagesOf(shown);
  const index = images.findIndex((i) => i.sopInstanceUid === uid);
  const instance = images[index];
  if (instance === undefined)
    return (
      <section class="viewer empty-viewer">
        <Icon name="hand" size={64} />
        <h2>{words.noImages}</h2>
        <p>{words.noImagesHint}</p>
      </section>
    );
  const exposure = shown.exposures.find(
    (e) => e.irradiationEventUid === instance.irradiationEventUid,
  );
  return (
    <Viewer
      sopInstanceUid={instance.sopInstanceUid}
      overlay={
        bearsItsWords(instance)
          ? NO_WORDS
          : [
              [personName(shown.patient.name), patientLine(shown.patient)],
              [
                `${instance.modality} ${index + 1}/${images.length}`,
                ...(exposure?.at === undefined ? [] : [clockTime(exposure.at)]),
                ...(exposure === undefined ? [] : exposureLines(exposure)),
              ],
            ]
      }
    />
  );
}

function Controls({ exam: shown }: { exam: Exam }) {
  const open = shown.state === "open";
  return (
    <aside class="controls">
      {open ? (
        <Acquire exam={shown} />
      ) : (
        <p class={`ended ${shown.state}`}>{words.ended(strings.examStates[shown.state])}</p>
      )}
      <div class="exam-news">
        <StepLine exam={shown} />
        {(shown.notices ?? []).map((notice) => (
          <p class="warning-line" key={notice}>
            {notice}
          </p>
        ))}
        {shown.held === true && (
          <HeldExam
            examId={shown.id}
            studyInstanceUid={shown.studyInstanceUid}
            onRemoved={() => {
              exam.value = null;
              go({ name: "start" });
            }}
          />
        )}
      </div>
      <EndOrSend exam={shown} />
    </aside>
  );
}

function Acquire({ exam: shown }: { exam: Exam }) {
  const choosing = useSignal(false);
  const initial = protocols.value.find((p) => p.id === shown.protocolId) ?? protocols.value[0];
  const protocol = useSignal<ProtocolView | undefined>(initial);
  const technique = useSignal<Technique>(techniqueOf(initial));
  const pressed = useSignal<Exposure["kind"] | null>(null);
  const runSeconds = useSignal(3);
  const keepRun = useSignal(true);
  const follows = useSignal(true);
  const exposing = useSignal(false);
  const settle = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const mine = acquisition.value.examId === undefined || acquisition.value.examId === shown.id;
  const state = mine ? acquisition.value.state : "idle";
  const busy = exposing.value || state === "exposing" || state === "preparing";

  // The simulated switch and pedals: every kind may follow; the protocol's is the first choice.
  const simulated =
    offered("POST", "/simulator/expose") && health.value?.generator.driver === "simulated";
  const kind = pressed.value ?? protocol.value?.kind ?? "radiography";

  const prepareNow = async () => {
    clearTimeout(settle.current);
    const answer = await prepare(shown.id, {
      ...(protocol.value === undefined ? {} : { protocolId: protocol.value.id }),
      technique: technique.value,
      ...(kind === "fluoroscopy" ? { brightness: follows.value ? "automatic" : "fixed" } : {}),
    });
    // The generator says which values it really took.
    if (answer !== null) technique.value = answer.technique;
  };
  const changed = () => {
    clearTimeout(settle.current);
    if (state === "ready") settle.current = setTimeout(prepareNow, SETTLE_MS);
  };
  useEffect(() => () => clearTimeout(settle.current), []);

  const step = (key: TechniqueKey, direction: 1 | -1) => {
    technique.value = {
      ...technique.value,
      [key]: stepTechnique(key, technique.value[key], direction),
    };
    changed();
  };
  const press = async () => {
    exposing.value = true;
    await pressSwitch({
      kind,
      ...(kind === "radiography" ? {} : { durationMs: runSeconds.value * 1000 }),
      ...(kind === "fluoroscopy" && !keepRun.value ? { save: false } : {}),
    });
    exposing.value = false;
  };

  return (
    <div class="acquire">
      <ProtocolButton
        name={protocol.value?.name}
        disabled={busy}
        onPress={() => {
          choosing.value = true;
        }}
      />
      {(Object.keys(TECHNIQUE_LIMITS) as TechniqueKey[]).map((key) => (
        <Stepper
          key={key}
          label={TECHNIQUE_LIMITS[key].unit}
          unit={TECHNIQUE_LIMITS[key].unit}
          value={String(technique.value[key])}
          disabled={busy}
          onStep={(direction) => step(key, direction)}
        />
      ))}
      {simulated && (
        <fieldset class="kinds" aria-label={words.kind}>
          {(Object.keys(strings.exposureKinds) as Exposure["kind"][]).map((each) => (
            <Button
              key={each}
              label={strings.exposureKinds[each]}
              pressed={each === kind}
              disabled={busy}
              onPress={() => {
                pressed.value = each;
                technique.value = techniqueOf(madeFor(each, protocol.value));
                changed();
              }}
            />
          ))}
        </fieldset>
      )}
      {simulated && kind !== "radiography" && (
        <Stepper
          label={words.runSeconds}
          unit="s"
          value={String(runSeconds.value)}
          disabled={busy}
          onStep={(direction) => {
            const next = runSeconds.value + direction;
            runSeconds.value = Math.min(RUN_SECONDS_MAX, Math.max(1, next));
          }}
        />
      )}
      {kind === "fluoroscopy" && (
        <div class="pair run-choices">
          <Button
            label={words.brightness}
            pressed={follows.value}
            disabled={busy}
            onPress={() => {
              follows.value = !follows.value;
              changed();
            }}
          />
          {simulated && (
            <Button
              label={words.keepRun}
              pressed={keepRun.value}
              disabled={busy}
              onPress={() => {
                keepRun.value = !keepRun.value;
              }}
            />
          )}
        </div>
      )}
      <div class="switches">
        <Button
          id="prepare"
          size="large"
          kind={state === "ready" ? "plain" : "primary"}
          label={state === "ready" ? words.prepareAgain : words.prepare}
          disabled={busy}
          onPress={prepareNow}
        />
        {simulated && (
          <Button
            id="expose"
            size="large"
            kind="warning"
            label={
              exposing.value ? words.releasing : kind === "radiography" ? words.expose : words.pedal
            }
            hint={state === "ready" || exposing.value ? words.simulated : words.notPrepared}
            disabled={busy || state !== "ready"}
            onPress={press}
          />
        )}
      </div>
      {acquisition.value.reason !== undefined && <p class="reason">{acquisition.value.reason}</p>}
      {choosing.value && (
        <ProtocolChooser
          chosen={protocol.value?.id}
          onChoose={(chosen) => {
            batch(() => {
              protocol.value = chosen;
              technique.value = techniqueOf(chosen);
              pressed.value = null;
              choosing.value = false;
            });
            changed();
          }}
          onClose={() => {
            choosing.value = false;
          }}
        />
      )}
    </div>
  );
}

/** The protocol, or one for another kind of exposure: a radiograph's current is none for fluoroscopy. */
function madeFor(
  kind: Exposure["kind"],
  chosen: ProtocolView | undefined,
): ProtocolView | undefined {
  if (chosen === undefined || chosen.kind === kind) return chosen;
  const all = protocols.value.filter((p) => p.kind === kind);
  return all.find((p) => p.bodyPart === chosen.bodyPart) ?? all[0] ?? chosen;
}

const techniqueOf = (protocol: ProtocolView | undefined): Technique => ({
  kv: protocol?.technique.kv ?? 70,
  ma: protocol?.technique.ma ?? 200,
  ms: protocol?.technique.ms ?? 20,
});

function EndOrSend({ exam: shown }: { exam: Exam }) {
  const asking = useSignal<"none" | "complete" | "discontinue" | "send" | "capture">("none");
  const close = () => {
    asking.value = "none";
  };
  const job = jobs.value.find((j) => j.studyInstanceUid === shown.studyInstanceUid);
  return (
    <div class="end-exam">
      {job !== undefined && <JobLine job={job} />}
      <div class="pair">
        <Button
          icon="send"
          label={words.send}
          disabled={shown.instances.length === 0}
          onPress={() => {
            asking.value = "send";
          }}
        />
        {shown.state === "open" ? (
          <Button
            icon="plus"
            label={words.more}
            disabled={!canCapture()}
            onPress={() => {
              asking.value = "capture";
            }}
          />
        ) : (
          <Button
            icon="plus"
            label={words.append}
            onPress={() => beginExam({ appendTo: shown.studyInstanceUid })}
          />
        )}
      </div>
      {shown.state === "open" && (
        <div class="pair">
          <Button
            kind="danger"
            label={words.discontinue}
            onPress={() => {
              asking.value = "discontinue";
            }}
          />
          <Button
            kind="primary"
            label={words.complete}
            onPress={() => {
              asking.value = "complete";
            }}
          />
        </div>
      )}
      {shown.state !== "open" && (
        <Button kind="primary" label={words.toStart} onPress={() => go({ name: "start" })} />
      )}
      {asking.value === "complete" && (
        <Confirm
          title={words.completeTitle}
          text={words.completeText(imagesOf(shown).length)}
          action={words.complete}
          onClose={close}
          onConfirm={async () => {
            if (await completeExam(shown.id)) close();
          }}
        />
      )}
      {asking.value === "discontinue" && (
        <Dialog title={words.discontinueTitle} wide onClose={close}>
          <div class="tiles reasons">
            {(Object.keys(strings.reasons) as DiscontinuationReason[])
              .sort((a, b) => reasonOrder(a) - reasonOrder(b))
              .map((code) => (
                <Button
                  key={code}
                  label={strings.reasons[code]}
                  onPress={async () => {
                    if (await discontinueExam(shown.id, code)) close();
                  }}
                />
              ))}
          </div>
        </Dialog>
      )}
      {asking.value === "capture" && <CaptureDialog exam={shown} onClose={close} />}
      {asking.value === "send" && (
        <SendDialog studyInstanceUid={shown.studyInstanceUid} onClose={close} />
      )}
    </div>
  );
}

/** The default and the wrong entry first: they are what is chosen most. */
const reasonOrder = (code: DiscontinuationReason) =>
  code === "110513" ? 0 : code === "110514" ? 1 : 2;
