// A value with a minus and a plus; holding a button goes on stepping.

import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../icons.tsx";

const HOLD_MS = 450;
const REPEAT_MS = 90;

export function Stepper({
  label,
  unit,
  value,
  disabled = false,
  onStep,
}: {
  label: string;
  unit: string;
  value: string;
  disabled?: boolean;
  onStep: (direction: 1 | -1) => void;
}) {
  return (
    <fieldset class="stepper" aria-label={label}>
      <StepButton label={`${label} −`} icon="minus" disabled={disabled} step={() => onStep(-1)} />
      <output>
        <b>{value}</b>
        <span>{unit}</span>
      </output>
      <StepButton label={`${label} +`} icon="plus" disabled={disabled} step={() => onStep(1)} />
    </fieldset>
  );
}

function StepButton({
  label,
  icon,
  disabled,
  step,
}: {
  label: string;
  icon: "plus" | "minus";
  disabled: boolean;
  step: () => void;
}) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const latest = useRef(step);
  latest.current = step;
  const repeat = () => {
    latest.current();
    timer.current = setTimeout(repeat, REPEAT_MS);
  };
  const release = () => clearTimeout(timer.current);
  useEffect(() => release, []);
  return (
    <button
      type="button"
      class="button square"
      aria-label={label}
      disabled={disabled}
      onPointerDown={() => {
        step();
        timer.current = setTimeout(repeat, HOLD_MS);
      }}
      onPointerUp={release}
      onPointerLeave={release}
      onPointerCancel={release}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") step();
      }}
    >
      <Icon name={icon} />
    </button>
  );
}
