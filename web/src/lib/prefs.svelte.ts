// What this browser remembers about how the page looks. Nothing here is about the photos.

export type Theme = 'system' | 'light' | 'dark';
type Prefs = { theme: Theme; labels: boolean; panel: boolean };

const standard: Prefs = { theme: 'system', labels: false, panel: true };

function read(): Prefs {
  try {
    return { ...standard, ...(JSON.parse(localStorage.getItem('prefs') ?? '{}') as Partial<Prefs>) };
  } catch {
    return standard;
  }
}

/** `labels`: always show the top labels on thumbnails; `panel`: details beside the photo. */
export const prefs: Prefs = $state(read());

export function setPref<K extends keyof Prefs>(key: K, value: Prefs[K]): void {
  prefs[key] = value;
  localStorage.setItem('prefs', JSON.stringify(prefs));
  applyTheme();
}

export function applyTheme(): void {
  const root = document.documentElement;
  if (prefs.theme === 'system') delete root.dataset['theme'];
  else root.dataset['theme'] = prefs.theme;
}
