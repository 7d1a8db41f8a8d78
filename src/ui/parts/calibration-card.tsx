// The calibration of the panel on the System screen: what holds, and the way through a new one. The service PIN
// is asked for once and forgotten at the end.

import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Calibration, Problem } from "../../api/contract.ts";
import { apiPath, outcomeOf, read, send } from "../client.ts";
import { dateTime } from "../format.ts";
import { attempt, offered, tell } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { PinDialog } from "./pin-pad.tsx";

const words = strings.calibration;

/** As the device last told it. */
export const calibration = signal<Calibration | null>(null);

const canCalibrate = () => offered("GET", "/calibration");

type Action = "start" | "confirm" | "accept" | "cancel" | "undo";

async function act(action: Action, body: unknown, pin: string): Promise<Problem | null> {
  const outcome = await outcomeOf(() =>
    send<Calibration>("POST", apiPath("calibration", action), body, pin),
  );
  if (!outcome.ok) return outcome.problem;
  calibration.value = outcome.value;
  return null;
}

export function CalibrationCard() {
  const pin = useSignal<string | null>(null);
  /** What waits for the PIN. */
  const asked = useSignal<{ readonly action: Action; readonly body?: unknown } | null>(null);
  useEffect(() => {
    if (canCalibrate())
      void attempt(() => read<Calibration>(apiPath("calibration"))).then((state) => {
        if (state !== null) calibration.value = state;
      });
  }, []);
  const state = calibration.value;
  if (state === null || !canCalibrate()) return null;
  const press = (action: Action, body?: unknown) => {
    if (pin.value === null) {
      asked.value = { action, body };
      return;
    }
    void act(action, body, pin.value).then((problem) => {
      if (problem !== null) tell("problem", problem.detail);
      else if (action === "accept" || action === "cancel") pin.value = null;
    });
  };
  return (
    <section class="card calibration">
      <h2>{words.title}</h2>
      <Modes state={state} />
      <Step state={state} onPress={press} />
      {asked.value !== null && (
        <PinDialog
          title={words.title}
          text={words.pinText}
          action={words.actions[asked.value.action]}
          onEnter={async (entered) => {
            const wanted = asked.value;
            if (wanted === null) return null;
            const problem = await act(wanted.action, wanted.body, entered);
            if (problem !== null) return problem;
            pin.value = entered;
            asked.value = null;
            return null;
          }}
          onClose={() => {
            asked.value = null;
          }}
        />
      )}
    </section>
  );
}

function Modes({ state }: { state: Calibration }) {
  return (
    <div class="rows">
      {state.modes.map((mode) => {
        const offset = mode.maps.find((map) => map.kind === "offset");
        const defects = mode.maps.find((map) => map.kind === "defect")?.figures;
        return (
          <div class="row" key={mode.modeId}>
            <div class="row-main">
              <strong>
                {mode.modeId} {mode.columns}×{mode.rows}
              </strong>
              <span class={mode.valid ? "" : "reason"}>{mode.reason ?? words.holds}</span>
              {mode.damaged.map((text) => (
                <span class="reason" key={text}>
                  {text}
                </span>
              ))}
            </div>
            <div class="row-side">
              {offset !== undefined && (
                <span>
                  {words.sources[offset.source]} {dateTime(offset.createdAt)}
                </span>
              )}
              {defects !== undefined && <span>{words.defects(defects.mean)}</span>}
            </div>
          </div>
        );
      })}
    </div>
  );
}

function Step({
  state,
  onPress,
}: {
  state: Calibration;
  onPress: (action: Action, body?: unknown) => void;
}) {
  const { procedure } = state;
  const cancel = <Button label={words.actions.cancel} onPress={() => onPress("cancel")} />;
  switch (procedure.state) {
    case "idle":
    case "failed":
      return (
        <>
          {procedure.reason !== undefined && (
            <p class="reason" role="alert">
              {procedure.reason}
            </p>
          )}
          <div class="actions">
            <Button
              label={words.offset}
              hint={words.offsetHint}
              onPress={() => onPress("start", { steps: "offset" })}
            />
            <Button
              label={words.all}
              hint={words.allHint}
              onPress={() => onPress("start", { steps: "all" })}
            />
          </div>
        </>
      );
    case "confirm":
      return (
        <>
          <p class="warning-text">{words.confirmText}</p>
          <div class="actions">
            {cancel}
            <Button
              label={words.actions.confirm}
              kind="danger"
              size="large"
              onPress={() => onPress("confirm")}
            />
          </div>
        </>
      );
    case "measuring":
      return (
        <>
          <p>{procedure.now === undefined ? words.begins : words.measuring(procedure.now)}</p>
          <div class="progress active">
            <div class="progress-bar">
              <div style={{ width: `${shareOf(procedure.now)}%` }} />
            </div>
          </div>
          <div class="actions">{cancel}</div>
        </>
      );
    case "summary":
      return (
        <>
          <table class="figures">
            <thead>
              <tr>
                {words.columns.map((column) => (
                  <th key={column}>{column}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {(procedure.results ?? []).map(({ modeId, kind, figures }) => {
                const before = state.modes
                  .find((mode) => mode.modeId === modeId)
                  ?.maps.find((map) => map.kind === kind)?.figures;
                return (
                  <tr key={`${modeId} ${kind}`}>
                    <td>{modeId}</td>
                    <td>{words.kinds[kind]}</td>
                    <td>{figure(figures.mean)}</td>
                    <td>{before === undefined ? "–" : figure(before.mean)}</td>
                    <td>{figure(figures.sd)}</td>
                    <td>{figure(figures.noise)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
          <div class="actions">
            {cancel}
            <Button
              label={words.actions.accept}
              kind="primary"
              size="large"
              onPress={() => onPress("accept")}
            />
          </div>
        </>
      );
  }
}

const figure = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

function shareOf(now: Calibration["procedure"]["now"]): number {
  return now === undefined ? 0 : Math.round((100 * now.frames) / now.framesTotal);
}
