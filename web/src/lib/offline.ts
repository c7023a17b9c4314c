// Registers the service worker. Its address passes a policy of Trusted Types that allows this one script only.

type Policy = { createScriptURL: (url: string) => string };
type Factory = { createPolicy: (name: string, rules: Policy) => Policy };

const SCRIPT = '/sw.js';

export function registerOffline(): void {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
  const { trustedTypes } = window as unknown as { trustedTypes?: Factory };
  const policy = trustedTypes?.createPolicy('sightline', {
    createScriptURL: (url) => {
      if (url !== SCRIPT) throw new TypeError(`not a script of this page: ${url}`);
      return url;
    },
  });
  // A page without it works as well.
  navigator.serviceWorker.register(policy?.createScriptURL(SCRIPT) ?? SCRIPT).catch(() => undefined);
}
