// Print requests as the API takes them: what becomes a job, and what is refused with which field.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { newJobSchema } from "../../src/api/contract.ts";
import { jobPort } from "../../src/api/ports/job-port.ts";
import { printPlanner } from "../../src/api/ports/print-planner.ts";
import { imageObject } from "../services/print/film-images.ts";
import { type House, openHouse } from "../services/print/scripted-printer.ts";
import { objectOf } from "../store/objects.ts";

let house: House;
beforeAll(async () => {
  house = await openHouse(1, {
    objects: [
      imageObject("1.1"),
      imageObject("1.2", { spacingMm: 0.2, frames: 2 }),
      objectOf("1.3", { pixelBytes: 0 }),
    ],
  });
});
afterAll(() => house[Symbol.asyncDispose]());

const FILM = { displayFormat: "STANDARD\\2,1", orientation: "PORTRAIT", filmSize: "14INX17IN" };

async function create(films: readonly object[], more: object = {}) {
  const parsed = newJobSchema.parse({ type: "print", remoteId: "film", films, ...more });
  const { storage, configuration } = house.station;
  const port = jobPort(house.queue, storage, () => true, {
    print: printPlanner(storage, configuration),
  });
  return port.create(parsed);
}

const refusal = async (films: readonly object[], more?: object) => {
  const answer = await create(films, more);
  if (answer.ok) throw new Error("it was taken");
  return answer.refusal;
};

test("a request becomes a durable job of its images", async () => {
  const images = ["1.1", { sopInstanceUid: "1.2", frame: 2, window: { center: 1, width: 2 } }];
  const answer = await create(
    [
      { ...FILM, images },
      { ...FILM, images: ["1.1"] },
    ],
    { copies: 2 },
  );
  if (!answer.ok) throw new Error(answer.refusal.detail);
  expect(answer.value).toMatchObject({
    type: "print",
    remoteId: "film",
    progress: { done: 0, total: 2 },
  });
  expect(house.station.storage.reader.job(answer.value.id)?.parameters).toEqual({
    type: "print",
    remoteId: "film",
    copies: 2,
    films: [
      {
        ...FILM,
        orientation: "PORTRAIT",
        images: [
          { sopInstanceUid: "1.1" },
          { sopInstanceUid: "1.2", frame: 2, window: { center: 1, width: 2 } },
        ],
      },
      { ...FILM, orientation: "PORTRAIT", images: [{ sopInstanceUid: "1.1" }] },
    ],
  });
});

describe("what cannot be printed is refused before it waits", () => {
  const ROWS: [string, object, string, string][] = [
    ["too many images", { images: ["1.1", "1.1", "1.1"] }, "images", "takes 1 to 2 images, not 3"],
    ["no such layout", { displayFormat: "STANDARD\\9,1", images: ["1.1"] }, "displayFormat", "9,1"],
    ["no boxes", { displayFormat: "STANDARD\\0,1", images: ["1.1"] }, "displayFormat", "0,1"],
    ["no such film", { filmSize: "10INX14IN", images: ["1.1"] }, "filmSize", "8INX10IN"],
    ["no such image", { images: ["9.9"] }, "images", "no instance 9.9"],
    ["no picture", { images: ["1.3"] }, "images", "1.3 has no picture"],
    ["no such frame", { images: [{ sopInstanceUid: "1.2", frame: 3 }] }, "images", "no frame 3"],
    ["no known size", { images: ["1.1"], trueSize: true }, "trueSize", "does not tell the size"],
  ];
  for (const [name, film, field, words] of ROWS)
    test(name, async () => {
      const { detail, errors } = await refusal([
        { ...FILM, images: ["1.1"] },
        { ...FILM, ...film },
      ]);
      expect(errors).toMatchObject([{ path: `films[1].${field}` }]);
      expect(detail).toContain(words);
    });

  test("a remote that is no printer", async () => {
    const { code, detail } = await refusal([{ ...FILM, images: ["1.1"] }], { remoteId: "ris" });
    expect(code).toBe("unknown-reference");
    expect(detail).toContain("ris");
  });
});
