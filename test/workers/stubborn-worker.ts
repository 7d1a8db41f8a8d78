// A thread for tests: doubles numbers, fails on negative ones, dies on zero; started with "dead" it dies
// at once.

import { exit } from "node:process";
import { serveTasks } from "../../src/workers/worker-thread.ts";

declare const self: Worker;

serveTasks<string, number, number>(self, (start) => {
  if (start === "dead") exit(1);
  return (task) => {
    if (task === 0) exit(1);
    if (task < 0) throw new Error(`${task} is negative`);
    return task * 2;
  };
});
