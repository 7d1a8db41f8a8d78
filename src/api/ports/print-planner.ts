// A print request to a print job: printer, films and images checked before anything waits in a queue.

import { type Configuration, printerOf } from "../../config/configuration.ts";
import type { PrintFilm } from "../../model/job.ts";
import { planBox, planSheet } from "../../services/print/compose-plan.ts";
import { readFilmFacts } from "../../services/print/film-facts.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import type { NewJob } from "../contract.ts";
import { type Answer, answer, type Refusal, refuse } from "../problem.ts";
import type { PlannedJob } from "./job-port.ts";

type PrintRequest = Extract<NewJob, { type: "print" }>;

export function printPlanner(
  storage: Pick<StoragePort, "reader" | "source" | "filePath">,
  configuration: () => Configuration,
): (request: PrintRequest) => Promise<Answer<PlannedJob>> {
  return async (request) => {
    const { remoteId, copies } = request;
    const remote = configuration().remotes.find((r) => r.id === remoteId);
    if (remote === undefined || !remote.services.includes("print"))
      return refuse(
        "unknown-reference",
        `The configuration has no remote ${remoteId} with the service print.`,
      );
    const printer = printerOf(configuration(), remoteId);
    const films: PrintFilm[] = request.films.map((film) => ({
      ...film,
      images: film.images.map((i) => (typeof i === "string" ? { sopInstanceUid: i } : i)),
    }));
    for (const [index, film] of films.entries()) {
      const problem = await problemOf(storage, printer, film);
      if (problem === null) continue;
      const path = `films[${index}].${problem.field}`;
      return {
        ok: false,
        refusal: {
          code: problem.code,
          detail: `${path}: ${problem.reason}.`,
          errors: [{ path, message: problem.reason }],
        },
      };
    }
    return answer({
      parameters: { type: "print", remoteId, films, copies },
      items: films.flatMap((film) => film.images.map((i) => i.sopInstanceUid)),
    });
  };
}

interface Problem {
  readonly code: Refusal["code"];
  readonly field: string;
  readonly reason: string;
}

async function problemOf(
  storage: Pick<StoragePort, "reader" | "source" | "filePath">,
  printer: ReturnType<typeof printerOf>,
  film: PrintFilm,
): Promise<Problem | null> {
  const sheet = planSheet(film, printer);
  if (!sheet.ok) return { code: "invalid-field", ...sheet };
  for (const image of film.images) {
    const { sopInstanceUid } = image;
    const unknown = (reason: string): Problem => ({
      code: "unknown-reference",
      field: "images",
      reason,
    });
    const record = storage.reader.instance(sopInstanceUid);
    if (record === null)
      return unknown(`there is no instance ${sopInstanceUid}, or its file is missing`);
    const facts = await readFilmFacts(storage, record).catch(() => null);
    if (facts === null) return unknown(`${sopInstanceUid} has no picture that can be printed`);
    const box = planBox(sheet.value, image, facts, printer);
    if (!box.ok) return { code: "invalid-field", ...box };
  }
  return null;
}
