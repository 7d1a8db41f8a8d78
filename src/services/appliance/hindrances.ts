// What keeps the machine from being restarted, switched off, updated, reset, given other addresses or backed
// up and restored, as a table: what goes on against what is asked. Pure; whoever asks gathers the facts.

export type MachineAction =
  | "restart"
  | "power-off"
  | "update"
  | "factory-reset"
  | "network"
  /** To a stick and back. */
  | "backup";

/** What goes on in the device, and what only it has. */
export interface Occupation {
  /** The machine does already what was asked of it; in words for the sentence "It ...". */
  readonly ending: string | null;
  readonly update: "none" | "checking" | "receiving" | "writing";
  /** Beam on, or its images not made yet. */
  readonly isExposing: boolean;
  readonly openExams: number;
  readonly calibration: "none" | "measuring" | "to-accept";
  /** Jobs that are at work now; those that wait for their time are durable and wait on. */
  readonly activeJobs: Readonly<Record<"send" | "print" | "export" | "retrieve", number>>;
  /** Objects that peers are sending here. */
  readonly arrivingObjects: number;
  /** A backup, a restore or a log bundle for a stick under way, as sentences; null: none. */
  readonly backup: string | null;
  /** Asked for a factory reset alone: it costs a walk through the database. Null: it cannot be read. */
  readonly unsaved: () => Unsaved | null;
}

/** What would be lost with this device's disk. */
export interface Unsaved {
  /** Studies with images made here that no archive has taken over, and those images. */
  readonly studies: number;
  readonly instances: number;
  /** Messages about performed steps that the scheduler has not had. */
  readonly stepMessages: number;
}

/** go: goes on all the same. ask: refused unless forced. never: refused, forced or not. */
type Verdict = "go" | "ask" | "never";

interface Row {
  readonly verdicts: readonly [
    restart: Verdict,
    powerOff: Verdict,
    update: Verdict,
    factoryReset: Verdict,
    network: Verdict,
    backup: Verdict,
  ];
  /** Null while it does not go on; else what it is and what to do, as sentences. */
  readonly words: (now: Occupation) => string | null;
}

const COLUMN: Readonly<Record<MachineAction, 0 | 1 | 2 | 3 | 4 | 5>> = {
  restart: 0,
  "power-off": 1,
  update: 2,
  "factory-reset": 3,
  network: 4,
  backup: 5,
};

const row = (...[a, b, c, d, e, f, words]: [...Row["verdicts"], Row["words"]]): Row => ({
  verdicts: [a, b, c, d, e, f],
  words,
});
const when = (isSo: boolean, words: string): string | null => (isSo ? words : null);
const count = (n: number, one: string, many = `${one}s`): string =>
  n === 1 ? `1 ${one}` : `${n} ${many}`;

/** A restart takes two minutes, and durable jobs go on after it; who switches off goes home. */
//  restart  off      update   reset    network  backup
const ROWS: readonly Row[] = [
  row("never", "never", "never", "never", "never", "never", ({ ending }) =>
    ending === null ? null : `The device ${ending} already. Wait two minutes.`,
  ),
  row("never", "never", "never", "never", "go", "never", ({ update }) =>
    when(update === "writing", "An update is being written. Wait until it is done."),
  ),
  // Nothing is written yet: somebody may give up an upload that hangs.
  row("ask", "ask", "never", "ask", "go", "never", ({ update }) =>
    when(
      update === "receiving" || update === "checking",
      "An update is being received or checked. Wait until it is installed, then try again.",
    ),
  ),
  row("ask", "ask", "ask", "ask", "ask", "ask", ({ isExposing }) =>
    when(isExposing, "An exposure is going on. Let it end, then try again."),
  ),
  row("ask", "ask", "ask", "ask", "ask", "ask", ({ openExams }) =>
    when(openExams > 0, "An exam is open. Complete it, then try again."),
  ),
  row("ask", "ask", "ask", "ask", "ask", "ask", ({ calibration }) =>
    when(
      calibration === "measuring",
      "The panel is being calibrated. Let it end or cancel it, then try again.",
    ),
  ),
  row("ask", "ask", "go", "ask", "go", "ask", ({ calibration }) =>
    when(
      calibration === "to-accept",
      "A calibration was measured and is not in use yet. Accept or discard it, then try again.",
    ),
  ),
  // Its stick may hold the update; the reader and the writer of one stick hinder each other.
  row("ask", "ask", "ask", "ask", "go", "ask", ({ activeJobs }) =>
    when(activeJobs.export > 0, "A stick or disc is being written. Wait until it is done."),
  ),
  // A sheet cut off may be out or not: only somebody at the printer knows afterwards.
  row("ask", "ask", "go", "ask", "ask", "ask", ({ activeJobs }) =>
    when(activeJobs.print > 0, "A film is being printed. Wait until it is done, or cancel it."),
  ),
  row("go", "ask", "go", "ask", "go", "go", ({ activeJobs }) =>
    when(
      activeJobs.send > 0,
      "Images are being sent. Wait until they have gone, or cancel the job; switched off, the device sends them at its next start only.",
    ),
  ),
  row("go", "ask", "go", "ask", "go", "ask", ({ activeJobs }) =>
    when(activeJobs.retrieve > 0, "Images are being fetched. Wait until they are here, or cancel."),
  ),
  row("ask", "ask", "go", "ask", "go", "ask", ({ arrivingObjects }) =>
    when(arrivingObjects > 0, "An image is arriving from a server. Try again in a minute."),
  ),
  row("ask", "ask", "ask", "ask", "go", "go", ({ backup }) => backup),
];

/** Why it is refused, in whole sentences; null: it may be done. */
export function hindrance(
  action: MachineAction,
  isForced: boolean,
  now: Occupation,
): string | null {
  const reasons = ROWS.flatMap(({ verdicts, words }) => {
    const verdict = verdicts[COLUMN[action]];
    if (verdict === "go" || (verdict === "ask" && isForced)) return [];
    return words(now) ?? [];
  });
  if (action === "factory-reset" && !isForced) reasons.push(...lossWords(now.unsaved()));
  return reasons.length === 0 ? null : reasons.join(" ");
}

/** A factory reset destroys what only this device has: how much of it there is. */
function lossWords(unsaved: Unsaved | null): string[] {
  if (unsaved === null)
    return [
      "The database cannot be read: what is on this device alone is not known. A restored backup would tell.",
    ];
  const { studies, instances, stepMessages } = unsaved;
  const images =
    studies === 0
      ? []
      : [
          `${count(studies, "study", "studies")} with ${count(instances, "image or report", "images and reports")} ${studies === 1 ? "is" : "are"} on this device alone. Send ${studies === 1 ? "it" : "them"} to an archive and wait for its confirmation, or export ${studies === 1 ? "it" : "them"}, before the device is reset.`,
        ];
  const steps =
    stepMessages === 0
      ? []
      : [
          `${count(stepMessages, "message")} about performed steps ${stepMessages === 1 ? "has" : "have"} not reached the scheduler.`,
        ];
  return [...images, ...steps];
}
