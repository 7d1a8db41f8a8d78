// The image box sent by reference is, byte by byte, what the encoder makes of the whole data set.

import { expect, test } from "bun:test";
import { encodeFor } from "../../../src/dicom/ae/data-sets.ts";
import { imageBoxDataSet } from "../../../src/dicom/ae/print/attributes.ts";
import { imageBoxBody } from "../../../src/dicom/ae/print/image-box-body.ts";
import { SopClassUid, TransferSyntaxUid } from "../../../src/dicom/dict/uids.ts";
import type { AcceptedContext } from "../../../src/dicom/ul/association.ts";

const TEXT = { characterSet: "default-kanji" } as const;

for (const [name, transferSyntax] of [
  ["implicit", TransferSyntaxUid.ImplicitVrLittleEndian],
  ["explicit", TransferSyntaxUid.ExplicitVrLittleEndian],
] as const)
  for (const [rows, columns] of [
    [2, 4],
    [3, 5],
    [300, 700],
  ] as const)
    test(`${rows} × ${columns} pixels, ${name} VR`, () => {
      const context = {
        id: 1,
        abstractSyntax: SopClassUid.BasicGrayscalePrintManagementMeta,
        transferSyntax,
      } as AcceptedContext;
      const pixels = new Uint8Array(new SharedArrayBuffer(rows * columns));
      pixels.forEach((_, i) => {
        pixels[i] = (i * 7) & 0xff;
      });
      const box = { position: 3, rows, columns, pixels };
      const body = imageBoxBody(context, box, TEXT) as readonly Uint8Array[];
      expect(body[1]).toBe(pixels);
      const [whole] = encodeFor(context, imageBoxDataSet(box), TEXT);
      expect(Buffer.concat(body)).toEqual(Buffer.from(whole as Uint8Array));
    });
