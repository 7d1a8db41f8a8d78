import { expect, test } from "bun:test";
import { parseConfiguration, type Remote } from "../../../src/config/configuration.ts";
import { type RemoteFacts, remoteUse } from "../../../src/services/remotes/remote-use.ts";

function remote(more: object = {}): Remote {
  const base = { id: "pacs", aeTitle: "PACS", host: "192.0.2.5", port: 104 };
  const parsed = parseConfiguration({ remotes: [{ ...base, ...more }] });
  const [made] = parsed.ok ? parsed.configuration.remotes : [];
  if (made === undefined) throw new Error("not a remote");
  return made;
}

const NOTHING: RemoteFacts = {
  jobs: { send: 0, print: 0, retrieve: 0 },
  unconfirmed: 0,
  openExams: 0,
  isStepServer: false,
  stepMessages: 0,
  hasPrinterSettings: false,
};
const facts = (more: Partial<RemoteFacts>): RemoteFacts => ({ ...NOTHING, ...more });
const all = remote({
  services: ["storage", "mpps", "print", "query-retrieve"],
  archive: true,
  send: "on-acquisition",
});

test("a remote that nothing needs goes without a word", () => {
  expect(remoteUse(all, null, facts({ isStepServer: true }))).toEqual([]);
});

test("each thing that needs a remote is told when it goes", () => {
  const cases: [Partial<RemoteFacts>, RegExp][] = [
    [{ jobs: { ...NOTHING.jobs, send: 1 } }, /^1 send job for pacs is not done.*tried again/],
    [{ jobs: { ...NOTHING.jobs, print: 2 } }, /^2 print jobs for pacs are not done/],
    [{ jobs: { ...NOTHING.jobs, retrieve: 1 } }, /^1 retrieve job/],
    [{ unconfirmed: 3 }, /^pacs has not confirmed 3 images/],
    [{ isStepServer: true, stepMessages: 1 }, /^1 message about performed steps waits/],
    [{ hasPrinterSettings: true }, /^The printer settings of pacs .*go with it/],
    [{ openExams: 1 }, /^An exam is open/],
  ];
  for (const [more, words] of cases)
    expect(remoteUse(all, null, facts(more))).toEqual([expect.stringMatching(words)]);
});

test("a change is asked about for what it takes away alone", () => {
  const busy = facts({
    jobs: { send: 1, print: 1, retrieve: 1 },
    unconfirmed: 1,
    openExams: 1,
    isStepServer: true,
    stepMessages: 1,
  });
  expect(remoteUse(all, { ...all, host: "192.0.2.6", port: 105 }, busy)).toEqual([]);
  expect(remoteUse(all, { ...all, archive: false }, busy)).toEqual([
    expect.stringContaining("not confirmed"),
  ]);
  expect(remoteUse(all, { ...all, services: ["storage", "mpps", "query-retrieve"] }, busy)).toEqual(
    [expect.stringContaining("print job")],
  );
});

test("performed steps and exams matter for the remote that gets them alone", () => {
  const other = remote({ services: ["mpps"] });
  expect(remoteUse(other, null, facts({ stepMessages: 2, openExams: 1 }))).toEqual([]);
  const manual = remote({ services: ["storage"] });
  expect(remoteUse(manual, null, facts({ openExams: 1 }))).toEqual([]);
});
