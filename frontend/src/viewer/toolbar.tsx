// The bar over the viewer: tools, undo, where to look, how it looks.

import { Icon, type IconName } from "../icons";
import { canRedo, canUndo } from "../labels/session";
import { brushRadius, candidates, tool } from "../store";
import { DisplaySettings, LayerSettings } from "./display_settings";
import { redoAndShow, undoAndShow } from "./keyboard";
import { fit, oneToOne } from "./looking";
import { openMenu } from "./scene";
import { clampBrush, LARGEST_BRUSH, SMALLEST_BRUSH, TOOLS } from "./tools";

interface ButtonProps {
  icon: IconName;
  label: string;
  shortcut?: string;
  hint?: string;
  caption?: string;
  pressed?: boolean;
  expanded?: boolean;
  disabled?: boolean;
  onClick: () => void;
}

export function IconButton({ icon, label, shortcut, hint, caption, ...rest }: ButtonProps) {
  const title = [label + (shortcut ? ` (${shortcut})` : ""), hint].filter(Boolean).join("\n");
  return (
    <button
      type="button"
      class={caption ? "icon-button has-caption" : "icon-button"}
      aria-label={label}
      aria-keyshortcuts={shortcut}
      aria-pressed={rest.pressed}
      aria-expanded={rest.expanded}
      disabled={rest.disabled}
      title={title}
      onClick={rest.onClick}
    >
      <Icon name={icon} />
      {caption && <span aria-hidden="true">{caption}</span>}
    </button>
  );
}

function toggleMenu(menu: "display" | "layers"): void {
  openMenu.value = openMenu.value === menu ? null : menu;
}

export function Toolbar() {
  // Picks can be judged only where there are any.
  const hasPicks = candidates.value !== null;
  const tools = TOOLS.filter((entry) => hasPicks || !["accept", "reject"].includes(entry.tool));
  const isBrush = ["eraser", "accept", "reject"].includes(tool.value);
  return (
    <div class="toolbar" role="toolbar" aria-label="Tools">
      <div class="tool-group">
        {tools.map((entry) => (
          <IconButton
            key={entry.tool}
            icon={entry.icon}
            label={entry.name}
            caption={entry.short}
            shortcut={entry.key}
            hint={entry.hint}
            pressed={tool.value === entry.tool}
            onClick={() => (tool.value = entry.tool)}
          />
        ))}
      </div>
      {isBrush && (
        <label class="brush-size" title="Size of the brush ([ and ])">
          <span>Brush<span class="hidden"> size</span></span>
          <input
            type="range"
            min={SMALLEST_BRUSH}
            max={LARGEST_BRUSH}
            value={brushRadius.value}
            onInput={(event) => (brushRadius.value = clampBrush(Number(event.currentTarget.value)))}
          />
        </label>
      )}
      <div class="tool-group">
        <IconButton icon="undo" label="Undo" shortcut="Ctrl+Z" disabled={!canUndo.value} onClick={undoAndShow} />
        <IconButton icon="redo" label="Redo" shortcut="Ctrl+Shift+Z" disabled={!canRedo.value} onClick={redoAndShow} />
      </div>
      <span class="spring" />
      <div class="tool-group">
        <IconButton icon="fit" label="Show all of it" shortcut="f" onClick={fit} />
        <button type="button" class="icon-button" title="One pixel of the micrograph is one of the screen (1)" aria-label="Full resolution" aria-keyshortcuts="1" onClick={oneToOne}>
          1:1
        </button>
        <IconButton
          icon="eye" label="Marks" hint="Which marks are drawn. h hides them all."
          expanded={openMenu.value === "layers"} onClick={() => toggleMenu("layers")}
        />
        <IconButton
          icon="contrast" label="Contrast and filters" expanded={openMenu.value === "display"}
          onClick={() => toggleMenu("display")}
        />
      </div>
      {openMenu.value === "display" && <DisplaySettings onClose={() => (openMenu.value = null)} />}
      {openMenu.value === "layers" && <LayerSettings onClose={() => (openMenu.value = null)} />}
    </div>
  );
}
