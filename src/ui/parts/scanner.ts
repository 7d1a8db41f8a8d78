// A bar code scanner is a keyboard that types fast and ends with Enter: heard while no field has the
// cursor, so that a wristband can be scanned without touching the screen first.

/** Longest time between two characters of a scanner; fingers are slower. */
const GAP_MS_MAX = 80;
const CHARACTERS_MIN = 3;
const CHARACTERS_MAX = 64;

export function followScanner(onCode: (code: string) => void): () => void {
  let typed = "";
  let lastMs = 0;
  const heard = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement) return;
    if (event.timeStamp - lastMs > GAP_MS_MAX) typed = "";
    lastMs = event.timeStamp;
    if (event.key === "Enter") {
      if (typed.length >= CHARACTERS_MIN) {
        // Enter would press the button that has the focus.
        event.preventDefault();
        onCode(typed);
      }
      typed = "";
    } else if (event.key.length === 1) typed = `${typed}${event.key}`.slice(-CHARACTERS_MAX);
  };
  document.addEventListener("keydown", heard, { capture: true });
  return () => document.removeEventListener("keydown", heard, { capture: true });
}
