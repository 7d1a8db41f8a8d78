// What has become of an instance, as marks: sent, archived, printed, exported, held.

import type { Instance } from "../api/contract.ts";
import type { IconName } from "./icons.tsx";
import { strings } from "./strings.ts";

export type Tone = "good" | "bad" | "busy";

export interface Mark {
  readonly icon: IconName;
  readonly tone: Tone;
  /** Where to: a remote, a printer, a medium; empty for the hold. */
  readonly place: string;
  readonly text: string;
  readonly at?: string | undefined;
  readonly reason?: string | undefined;
}

const words = strings.marks;

const SEND: Record<Instance["send"][number]["state"], readonly [Tone, string]> = {
  queued: ["busy", words.sendQueued],
  active: ["busy", words.sending],
  stored: ["good", words.sent],
  warning: ["good", words.sentWithWarning],
  refused: ["bad", words.sendRefused],
  failed: ["bad", words.sendFailed],
};
const COMMIT: Record<Instance["commit"][number]["state"], readonly [Tone, string]> = {
  requested: ["busy", words.commitRequested],
  committed: ["good", words.committed],
  failed: ["bad", words.commitFailed],
};
const PRINT: Record<Instance["print"][number]["state"], readonly [Tone, string]> = {
  queued: ["busy", words.printQueued],
  active: ["busy", words.printing],
  done: ["good", words.printed],
  failed: ["bad", words.printFailed],
};
const EXPORT: Record<Instance["export"][number]["state"], readonly [Tone, string]> = {
  queued: ["busy", words.exportQueued],
  active: ["busy", words.exporting],
  done: ["good", words.exported],
  failed: ["bad", words.exportFailed],
};

/** Every mark of an instance, the hold first, then in the order an image goes its way. */
export function marksOf(instance: Instance): Mark[] {
  const mark = (
    icon: IconName,
    [tone, text]: readonly [Tone, string],
    place: string,
    { at, reason }: { at?: string | undefined; reason?: string | undefined },
  ): Mark => ({ icon, tone, text, place, at, reason });
  return [
    ...(instance.held === true ? [mark("hand", ["bad", words.held], "", {})] : []),
    ...instance.send.map((each) => mark("send", SEND[each.state], each.remoteId, each)),
    ...instance.commit.map((each) => mark("archive", COMMIT[each.state], each.remoteId, each)),
    ...instance.print.map((each) => mark("print", PRINT[each.state], each.target, each)),
    ...instance.export.map((each) => mark("export", EXPORT[each.state], each.target, each)),
  ];
}

const WORSE: Record<Tone, number> = { good: 0, busy: 1, bad: 2 };

/** One mark an icon, the worst of them: what fits on a small picture. */
export function briefMarksOf(instance: Instance): Mark[] {
  const worst = new Map<IconName, Mark>();
  for (const mark of marksOf(instance)) {
    const known = worst.get(mark.icon);
    if (known === undefined || WORSE[mark.tone] > WORSE[known.tone]) worst.set(mark.icon, mark);
  }
  return [...worst.values()];
}
