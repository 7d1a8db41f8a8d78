// Text fields and the on-screen keyboard they share. A plugged-in keyboard works as well.

import { type Signal, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { SimpleKeyboard } from "simple-keyboard";
import { strings } from "../strings.ts";

/**
 * capitals: words in capitals alone, such as AE titles. host: names and addresses of computers. address: IPv4,
 * also with its prefix length.
 */
type Layout = "text" | "digits" | "capitals" | "host" | "address";

interface ActiveField {
  readonly value: Signal<string>;
  readonly layout: Layout;
  readonly shape: (text: string) => string;
}

const active = signal<ActiveField | null>(null);

export const isTyping = () => active.value !== null;

export const stopTyping = (): void => {
  active.value = null;
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
};

const LAYOUTS = {
  text: [
    "1 2 3 4 5 6 7 8 9 0 - {bksp}",
    "q w e r t y u i o p '",
    "a s d f g h j k l ^ =",
    "{shift} z x c v b n m , . {done}",
    "{space}",
  ],
  shifted: [
    "1 2 3 4 5 6 7 8 9 0 _ {bksp}",
    "Q W E R T Y U I O P Ä",
    "A S D F G H J K L Ö Ü",
    "{shift} Z X C V B N M / : # {done}",
    "{space}",
  ],
  digits: ["1 2 3", "4 5 6", "7 8 9", "{bksp} 0 {done}"],
  capitals: [
    "1 2 3 4 5 6 7 8 9 0 - {bksp}",
    "Q W E R T Y U I O P",
    "A S D F G H J K L _",
    "Z X C V B N M . {done}",
    "{space}",
  ],
  host: [
    "1 2 3 4 5 6 7 8 9 0 - {bksp}",
    "q w e r t y u i o p :",
    "a s d f g h j k l .",
    "z x c v b n m , {done}",
  ],
  address: ["1 2 3 {bksp}", "4 5 6 /", "7 8 9 ,", ". 0 {done}"],
};

const DISPLAY = {
  "{bksp}": strings.keyboard.backspace,
  "{done}": strings.keyboard.done,
  "{shift}": strings.keyboard.shift,
  "{space}": strings.keyboard.space,
};

export function OnScreenKeyboard() {
  const field = active.value;
  const holder = useRef<HTMLDivElement>(null);
  const keyboard = useRef<SimpleKeyboard | null>(null);

  useEffect(() => {
    if (field === null || holder.current === null) return;
    const made = new SimpleKeyboard(holder.current, {
      layout: LAYOUTS,
      layoutName: field.layout === "text" && field.value.value === "" ? "shifted" : field.layout,
      display: DISPLAY,
      theme: `hg-theme-default keys ${field.layout}`,
      preventMouseDownDefault: true,
      disableButtonHold: true,
      onChange: (text) => {
        const shaped = field.shape(text);
        field.value.value = shaped;
        if (shaped !== text) made.setInput(shaped);
        // A name starts with a capital, and goes on in small letters.
        if (field.layout === "text" && text.length === 1) made.setOptions({ layoutName: "text" });
      },
      onKeyPress: (key) => {
        if (key === "{shift}")
          made.setOptions({
            layoutName: made.options.layoutName === "shifted" ? "text" : "shifted",
          });
        if (key === "{done}") stopTyping();
      },
    });
    made.setInput(field.value.value);
    keyboard.current = made;
    // It takes the lower half of the screen, where the field may have been.
    document.activeElement?.closest("label")?.scrollIntoView({ block: "nearest" });
    return () => {
      keyboard.current = null;
      made.destroy();
    };
  }, [field]);

  const typed = field?.value.value;
  useEffect(() => {
    if (typed !== undefined && keyboard.current?.getInput() !== typed)
      keyboard.current?.setInput(typed);
  }, [typed]);

  return field === null ? null : (
    <div class="keyboard">
      <div ref={holder} class={`keyboard-holder simple-keyboard ${field.layout}`} />
    </div>
  );
}

export function TextField({
  label,
  value,
  hint,
  layout = "text",
  shape = (text) => text,
  maxLength = 64,
  secret = false,
  problem,
  onEnter,
}: {
  label: string;
  value: Signal<string>;
  hint?: string;
  layout?: Layout;
  shape?: (text: string) => string;
  maxLength?: number;
  /** Shows dots in place of what is typed. */
  secret?: boolean;
  /** Why the device did not take it. */
  problem?: string | undefined;
  /** Enter was pressed, as a bar code scanner does after the code. */
  onEnter?: () => void;
}) {
  const bounded = (text: string) => shape(text).slice(0, maxLength);
  return (
    <label class={problem === undefined ? "field" : "field wrong"}>
      <span>{label}</span>
      <input
        type="text"
        class={secret ? "secret" : undefined}
        inputMode="none"
        autoComplete="off"
        spellcheck={false}
        placeholder={hint}
        value={value.value}
        onFocus={() => {
          active.value = { value, layout, shape: bounded };
        }}
        onBlur={() => {
          if (active.value?.value === value) active.value = null;
        }}
        onInput={(event) => {
          value.value = bounded(event.currentTarget.value);
          event.currentTarget.value = value.value;
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" || event.key === "Escape") stopTyping();
          if (event.key === "Enter") onEnter?.();
        }}
      />
      {problem !== undefined && (
        <small class="bad-text" role="alert">
          {problem}
        </small>
      )}
    </label>
  );
}
