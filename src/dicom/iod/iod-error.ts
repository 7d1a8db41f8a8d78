// What keeps an object from being built, all of it at once, so that one look at the message is enough.

import { Tag } from "../dict/attributes.ts";
import { tagText } from "../dict/dictionary.ts";
import type { Keyword } from "./row.ts";

export interface IodProblem {
  /** Table of the statement, or section of PS3.3 or template of PS3.16. */
  readonly table: string;
  /** Keyword of PS3.6, or the meaning of a content item's concept. */
  readonly attribute: string;
  /** What is wrong with it. */
  readonly what: string;
}

/** Thrown before anything is written, when a value that must be there is not, or is not allowed. */
export class IodError extends Error {
  override readonly name = "IodError";
  readonly problems: readonly IodProblem[];

  constructor(object: string, problems: readonly IodProblem[]) {
    super(`${object} cannot be made: ${problems.map(problemText).join("; ")}`);
    this.problems = problems;
  }
}

function problemText({ table, attribute, what }: IodProblem): string {
  const tag = Object.hasOwn(Tag, attribute) ? ` ${tagText(Tag[attribute as Keyword])}` : "";
  return `${attribute}${tag} of Table ${table} ${what}`;
}
