// The countries of the earth, from Natural Earth in two resolutions: the coarse one at once, the fine one when somebody zooms in.
import { geoContains, type GeoPermissibleObjects } from 'd3-geo';
import type { Feature, FeatureCollection, MultiPolygon, Polygon } from 'geojson';
import { feature, mesh } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import coarseUrl from 'world-atlas/countries-110m.json?url';
import fineUrl from 'world-atlas/countries-50m.json?url';

export interface World {
  land: GeoPermissibleObjects;
  borders: GeoPermissibleObjects;
  countries: Feature<Polygon | MultiPolygon, { name: string }>[];
}

type Atlas = Topology<{ land: GeometryCollection; countries: GeometryCollection<{ name: string }> }>;

async function load(url: string): Promise<World> {
  const response = await fetch(url);
  if (!response.ok) throw new TypeError(`${url} answered ${response.status}`);
  const atlas = (await response.json()) as Atlas;
  const countries = feature(atlas, atlas.objects.countries) as FeatureCollection<Polygon | MultiPolygon, { name: string }>;
  return { land: feature(atlas, atlas.objects.land), borders: mesh(atlas, atlas.objects.countries, (a, b) => a !== b), countries: countries.features };
}

/** About 40 kB over the network. */
export const coarse = (): Promise<World> => load(coarseUrl);
/** About 230 kB. */
export const fine = (): Promise<World> => load(fineUrl);

/** Steps around a place, in degrees: outlines are simplified, so a town on the coast can lie in the water beside it. */
const AROUND = [0, 0.25, 0.6].flatMap((step) => (step === 0 ? [[0, 0] as const] : ([[step, 0], [-step, 0], [0, step], [0, -step]] as const)));

/** The name of the country of a place; `null` at sea. */
export function countryOf({ countries }: World, latitude: number, longitude: number): string | null {
  for (const [up, right] of AROUND) {
    const found = countries.find((country) => geoContains(country, [longitude + right, latitude + up]));
    if (found) return found.properties.name;
  }
  return null;
}
