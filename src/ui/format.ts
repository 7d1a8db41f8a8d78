// Names, dates and sizes as the screen shows them.

import type { Patient } from "../api/contract.ts";
import { strings } from "./strings.ts";

/** "Yamada^Tarou=山田^太郎" → "Yamada, Tarou (山田 太郎)" (PS3.5 §6.2.1.1). */
export function personName(name: string): string {
  const [alphabetic = "", ideographic = ""] = name.split("=");
  const western = components(alphabetic).join(", ");
  const eastern = components(ideographic).join(" ");
  if (western === "") return eastern;
  return eastern === "" ? western : `${western} (${eastern})`;
}

/** Family name and given name; the other components are added to the given name. */
const components = (group: string): string[] => {
  const [family = "", ...rest] = group.split("^").map((part) => part.trim());
  return [family, rest.filter((part) => part !== "").join(" ")].filter((part) => part !== "");
};

export const toPersonName = (family: string, given: string): string =>
  given.trim() === "" ? family.trim() : `${family.trim()}^${given.trim()}`;

export function patientLine(patient: Patient): string {
  return [
    patient.id,
    patient.birthDate,
    patient.sex === undefined ? undefined : strings.sexes[patient.sex],
  ]
    .filter((part) => part !== undefined && part !== "")
    .join("  ·  ");
}

const two = (n: number) => String(n).padStart(2, "0");

/** Local time of an ISO instant, 08:05:03. */
export function clockTime(iso: string): string {
  const date = new Date(iso);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Local date and time of an ISO instant, 2026-01-05 08:05. */
export function dateTime(iso: string): string {
  const date = new Date(iso);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Digits as they are typed → YYYY-MM-DD with its dashes. */
export function typedDate(text: string): string {
  const digits = text.replace(/\D/g, "").slice(0, 8);
  return [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6, 8)]
    .filter((part) => part !== "")
    .join("-");
}

export function byteSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

/** The names in a list with commas or blanks between them. */
export const listedIn = (text: string): string[] =>
  text.split(/[\s,]+/).filter((name) => name !== "");
