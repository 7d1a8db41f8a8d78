// Text inside XML and HTML, where a patient's name may hold anything.

/** Markup characters as entities; control characters, which neither allows, as spaces. */
export function escapeMarkup(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replace(/[^\P{Cc}]/gu, " ");
}
