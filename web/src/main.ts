import '@fontsource-variable/inter/wght.css';
import './styles/tokens.css';
import './styles/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { start as startAuth } from './lib/auth.svelte.ts';
import { registerOffline } from './lib/offline.ts';
import { applyTheme } from './lib/prefs.svelte.ts';
import { start as startRouter } from './lib/router.svelte.ts';

applyTheme();
const to = await startAuth();
if (to) history.replaceState(null, '', to);
startRouter();
mount(App, { target: document.body });
if (document.readyState === 'complete') registerOffline();
else addEventListener('load', registerOffline);
