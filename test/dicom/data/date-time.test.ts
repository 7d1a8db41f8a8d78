import { expect, test } from "bun:test";
import { parseDate, parseDateTime, parseTime } from "../../../src/dicom/data/date-time.ts";

const date = (year: number, month: number, day: number) => ({ year, month, day });
const time = (hour: number, minute: number, second: number, microsecond: number) => ({
  hour,
  minute,
  second,
  microsecond,
});

test.each([
  ["20240229", date(2024, 2, 29)],
  ["2024.02.29", date(2024, 2, 29)],
  ["2024-02-29", date(2024, 2, 29)],
  ["20240101-", date(2024, 1, 1)],
  ["20240101-20240131", date(2024, 1, 1)],
  [" 20240101 ", date(2024, 1, 1)],
  ["19000229", undefined],
  ["20230229", undefined],
  ["20241301", undefined],
  ["20240100", undefined],
  ["00010101", date(1, 1, 1)],
  ["202401011", undefined],
  ["2024", undefined],
  ["-20240101", undefined],
  ["", undefined],
  ["UNKNOWN", undefined],
])("D10: parseDate(%p)", (text, expected) => {
  expect(parseDate(text)).toEqual(expected);
});

test.each([
  ["143005", time(14, 30, 5, 0)],
  ["143005.5", time(14, 30, 5, 500_000)],
  ["143005.123456789", time(14, 30, 5, 123_456)],
  ["14:30:05", time(14, 30, 5, 0)],
  ["1430", time(14, 30, 0, 0)],
  ["14", time(14, 0, 0, 0)],
  ["235960", time(23, 59, 60, 0)],
  ["240000", undefined],
  ["146000", undefined],
  ["1", undefined],
  ["14300", undefined],
  ["", undefined],
])("D10: parseTime(%p)", (text, expected) => {
  expect(parseTime(text)).toEqual(expected);
});

test.each([
  [
    "20240229143005.5+0900",
    { ...date(2024, 2, 29), ...time(14, 30, 5, 500_000), offsetMinutes: 540 },
  ],
  ["20240229-0330", { ...date(2024, 2, 29), ...time(0, 0, 0, 0), offsetMinutes: -210 }],
  ["2024", { ...date(2024, 1, 1), ...time(0, 0, 0, 0), offsetMinutes: undefined }],
  ["20241301", undefined],
  ["x", undefined],
])("parseDateTime(%p)", (text, expected) => {
  expect(parseDateTime(text)).toEqual(expected);
});
