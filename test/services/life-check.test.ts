import { expect, test } from "bun:test";
import { parseConfiguration } from "../../src/config/configuration.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { LifeCheck } from "../../src/services/remotes/life-check.ts";
import { RemoteStates } from "../../src/services/remotes/remote-states.ts";

function setUp(remotes: unknown[]) {
  const parsed = parseConfiguration({ remotes });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const clock = new SimulatedClock();
  const states = new RemoteStates(clock);
  const asked: string[] = [];
  const dead = new Set<string>();
  const check = new LifeCheck(
    clock,
    states,
    () => parsed.configuration,
    async (remote) => {
      asked.push(remote.id);
      return dead.has(remote.id) ? { alive: false, reason: "no answer" } : { alive: true };
    },
  );
  return { clock, states, asked, dead, check };
}

const remote = (id: string, more = {}) => ({
  id,
  aeTitle: id,
  host: "127.0.0.1",
  port: 104,
  ...more,
});

test("image and worklist servers are asked every two minutes, printers and those switched off are not", async () => {
  const { clock, states, asked, dead, check } = setUp([
    remote("archive"),
    remote("ris", { services: ["worklist"] }),
    remote("printer", { services: ["print"] }),
    remote("quiet", { lifeCheck: false }),
  ]);
  dead.add("ris");
  check.start();
  await clock.advance(0);
  expect(asked).toEqual(["archive", "ris"]);
  expect(states.get("archive")?.reachable).toBe(true);
  expect(states.get("ris")).toMatchObject({ reachable: false, reason: "no answer" });
  await clock.advance(119_999);
  expect(asked).toHaveLength(2);
  await clock.advance(1);
  expect(asked).toHaveLength(4);
  await check.stop();
  await clock.advance(600_000);
  expect(asked).toHaveLength(4);
});

test("a remote that a job is using is left alone until the job is done", async () => {
  const { clock, states, asked, check } = setUp([remote("archive")]);
  const done = states.occupy("archive");
  check.start();
  await clock.advance(240_000);
  expect(asked).toEqual([]);
  done();
  done();
  await clock.advance(120_000);
  expect(asked).toEqual(["archive"]);
  await check.stop();
});
