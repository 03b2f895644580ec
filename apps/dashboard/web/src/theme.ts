import { signal } from '@preact/signals';

/** Which colours: those of the system unless the person chose. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'llava-theme';
const stored = localStorage.getItem(KEY);
export const theme = signal<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system');
/** Counts up whenever colours may have changed, so that canvases draw again. */
export const themeVersion = signal(0);

theme.subscribe((chosen) => {
  document.documentElement.dataset['theme'] = chosen;
  if (chosen === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, chosen);
  themeVersion.value = themeVersion.peek() + 1;
});
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => (themeVersion.value += 1));

const known = { version: -1, colours: new Map<string, string>() };

/** The value of a colour of style.css, for canvases. */
export function colour(name: string): string {
  if (known.version !== themeVersion.peek()) {
    known.version = themeVersion.peek();
    known.colours.clear();
  }
  const found = known.colours.get(name);
  if (found !== undefined) return found;
  const probe = document.createElement('span');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  known.colours.set(name, color);
  return color;
}
