// The one kind of button: large enough for gloves, with an optional icon.

import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "../icons.tsx";

export interface ButtonProps {
  readonly label?: string | undefined;
  readonly icon?: IconName | undefined;
  readonly kind?: "plain" | "primary" | "danger" | "warning" | "quiet" | undefined;
  readonly size?: "normal" | "large" | undefined;
  readonly disabled?: boolean | undefined;
  readonly pressed?: boolean | undefined;
  readonly hint?: string | undefined;
  readonly id?: string | undefined;
  readonly onPress: () => void;
  readonly children?: ComponentChildren;
}

export function Button(props: ButtonProps) {
  const { label, icon, kind = "plain", size = "normal", hint, id } = props;
  return (
    <button
      type="button"
      id={id}
      class={`button ${kind} ${size}${props.pressed === true ? " pressed" : ""}`}
      disabled={props.disabled === true}
      aria-pressed={props.pressed}
      aria-label={label}
      onClick={() => props.onPress()}
    >
      {icon && <Icon name={icon} />}
      {(label !== undefined || hint !== undefined) && (
        <span class="button-words">
          {label !== undefined && <span>{label}</span>}
          {hint !== undefined && <small>{hint}</small>}
        </span>
      )}
      {props.children}
    </button>
  );
}

/** A square button with only an icon; its label is for screen readers and tests. */
export function IconButton({
  label,
  icon,
  onPress,
  disabled,
  pressed,
}: {
  label: string;
  icon: IconName;
  onPress: () => void;
  disabled?: boolean | undefined;
  pressed?: boolean | undefined;
}) {
  return (
    <button
      type="button"
      class={`button square${pressed === true ? " pressed" : ""}`}
      aria-label={label}
      aria-pressed={pressed}
      disabled={disabled === true}
      onClick={() => onPress()}
    >
      <Icon name={icon} />
    </button>
  );
}
