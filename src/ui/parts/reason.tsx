// Why the device did not do what was asked, in its own words; nothing where there is no reason.

export function Reason({ text }: { text: string | null | undefined }) {
  if (text === null || text === undefined) return null;
  return (
    <p class="reason" role="alert">
      {text}
    </p>
  );
}
