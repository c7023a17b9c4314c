// Each view is its own chunk of the build, loaded when it is first shown.
import type { Component } from 'svelte';
import { loadChunk } from './chunk.ts';
import type { RouteName } from './router.svelte.ts';

type Load = () => Promise<{ default: Component }>;

const views: Record<RouteName, Load> = {
  photos: () => import('../views/Photos.svelte'),
  search: () => import('../views/Search.svelte'),
  photo: () => import('../views/Photo.svelte'),
  upload: () => import('../views/Upload.svelte'),
  review: () => import('../views/Review.svelte'),
  trends: () => import('../views/Trends.svelte'),
  map: () => import('../views/Map.svelte'),
  executions: () => import('../views/Executions.svelte'),
  execution: () => import('../views/Execution.svelte'),
  settings: () => import('../views/Settings.svelte'),
  lost: () => import('../views/Lost.svelte'),
};

export const loadView = async (name: RouteName): Promise<Component> => (await loadChunk(views[name])).default;
