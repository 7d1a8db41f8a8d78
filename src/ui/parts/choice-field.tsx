// One of a few values, or several of them, as large buttons in a form.

import { Button } from "./button.tsx";

export interface Choice<T> {
  readonly value: T;
  readonly label: string;
}

export function ChoiceField<T>({
  label,
  choices,
  isChosen,
  onChoose,
  problem,
}: {
  label: string;
  choices: readonly Choice<T>[];
  isChosen: (value: T) => boolean;
  onChoose: (value: T) => void;
  /** Why the device did not take it. */
  problem?: string | undefined;
}) {
  return (
    <fieldset class="choices whole">
      <legend>{label}</legend>
      {choices.map((choice) => (
        <Button
          key={choice.label}
          label={choice.label}
          pressed={isChosen(choice.value)}
          onPress={() => onChoose(choice.value)}
        />
      ))}
      {problem !== undefined && (
        <small class="bad-text" role="alert">
          {problem}
        </small>
      )}
    </fieldset>
  );
}
