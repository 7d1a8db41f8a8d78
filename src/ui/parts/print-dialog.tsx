// Which images go on which film: printer, layout, film size, orientation, copies.

import { useSignal } from "@preact/signals";
import type { ExamInstance } from "../../api/contract.ts";
import { apiPath } from "../client.ts";
import {
  COPIES_MAX,
  filmSizesOf,
  filmSizeText,
  filmsOf,
  LAYOUTS,
  type Layout,
  ORIENTATIONS,
} from "../print-choices.ts";
import { configuration, printers, printFilms } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { Stepper } from "./stepper.tsx";

const words = strings.print;
const THUMBNAIL_WIDTH = 96;

export function PrintDialog({
  instances,
  onClose,
}: {
  instances: readonly ExamInstance[];
  onClose: () => void;
}) {
  const printer = useSignal(printers.value[0]?.id ?? "");
  const layout = useSignal<Layout>(instances.length === 1 ? "1×1" : "1×2");
  const size = useSignal<string | null>(null);
  const orientation = useSignal<(typeof ORIENTATIONS)[number]>("PORTRAIT");
  const trueSize = useSignal(false);
  const copies = useSignal(1);
  const chosen = useSignal<readonly string[]>(instances.map((i) => i.sopInstanceUid));
  const sending = useSignal(false);

  const sizes = filmSizesOf(configuration.value, printer.value);
  const filmSize = sizes.find((id) => id === size.value) ?? sizes[0] ?? "";
  const films = filmsOf(chosen.value, layout.value, {
    orientation: orientation.value,
    filmSize,
    ...(trueSize.value ? { trueSize: true } : {}),
  });
  const toggle = (uid: string) => {
    const { value } = chosen;
    // Images keep the order of the study.
    chosen.value = instances
      .map((i) => i.sopInstanceUid)
      .filter((other) => (other === uid) !== value.includes(other));
  };
  const print = async () => {
    if (sending.value) return;
    sending.value = true;
    const begun = await printFilms({
      type: "print",
      remoteId: printer.value,
      films,
      copies: copies.value,
    });
    sending.value = false;
    if (begun) onClose();
  };

  if (printers.value.length === 0)
    return (
      <Dialog title={words.title} onClose={onClose}>
        <p>{words.none}</p>
      </Dialog>
    );
  return (
    <Dialog
      title={words.title}
      wide
      onClose={onClose}
      cancels
      actions={
        <Button
          id="print-films"
          icon="print"
          kind="primary"
          label={words.start(films.length)}
          disabled={films.length === 0 || sending.value}
          onPress={print}
        />
      }
    >
      <div class="print-choices">
        <fieldset class="choices">
          <legend>{words.printer}</legend>
          {printers.value.map(({ id, aeTitle }) => (
            <Button
              key={id}
              label={id}
              hint={aeTitle}
              pressed={id === printer.value}
              onPress={() => {
                printer.value = id;
              }}
            />
          ))}
        </fieldset>
        <fieldset class="choices">
          <legend>{words.size}</legend>
          {sizes.map((id) => (
            <Button
              key={id}
              label={filmSizeText(id)}
              pressed={id === filmSize}
              onPress={() => {
                size.value = id;
              }}
            />
          ))}
        </fieldset>
        <fieldset class="choices">
          <legend>{words.layout}</legend>
          {LAYOUTS.map((one) => (
            <Button
              key={one}
              label={one}
              pressed={one === layout.value}
              onPress={() => {
                layout.value = one;
              }}
            />
          ))}
        </fieldset>
        <fieldset class="choices">
          <legend>{words.orientation}</legend>
          {ORIENTATIONS.map((one) => (
            <Button
              key={one}
              label={words.orientations[one]}
              pressed={one === orientation.value}
              onPress={() => {
                orientation.value = one;
              }}
            />
          ))}
          <Button
            label={words.trueSize}
            hint={words.trueSizeHint}
            pressed={trueSize.value}
            onPress={() => {
              trueSize.value = !trueSize.value;
            }}
          />
        </fieldset>
      </div>
      <fieldset class="choices">
        <legend>{words.images}</legend>
        {instances.map(({ sopInstanceUid }, index) => (
          <button
            key={sopInstanceUid}
            type="button"
            class="thumbnail"
            aria-pressed={chosen.value.includes(sopInstanceUid)}
            aria-label={words.imageNumber(index + 1)}
            onClick={() => toggle(sopInstanceUid)}
          >
            <img
              alt=""
              draggable={false}
              loading="lazy"
              src={`${apiPath("instances", sopInstanceUid, "rendered")}?width=${THUMBNAIL_WIDTH}`}
            />
            <span>{index + 1}</span>
          </button>
        ))}
      </fieldset>
      <Stepper
        label={words.copies}
        unit={words.each}
        value={String(copies.value)}
        onStep={(direction) => {
          copies.value = Math.min(COPIES_MAX, Math.max(1, copies.value + direction));
        }}
      />
    </Dialog>
  );
}
