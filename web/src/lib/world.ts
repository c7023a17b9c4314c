// The land of the earth, from Natural Earth in two resolutions: coasts at once, countries with their names when somebody zooms in.
import { geoContains, type GeoPermissibleObjects } from 'd3-geo';
import type { Feature, FeatureCollection, MultiPolygon, Polygon } from 'geojson';
import { feature, mesh } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import coarseUrl from 'world-atlas/land-110m.json?url';
import fineUrl from 'world-atlas/countries-50m.json?url';

export interface World {
  land: GeoPermissibleObjects;
  borders: GeoPermissibleObjects | null;
  countries: Feature<Polygon | MultiPolygon, { name: string }>[];
}

type Atlas = Topology<{ land: GeometryCollection; countries: GeometryCollection<{ name: string }> }>;

async function topology(url: string): Promise<Atlas> {
  const response = await fetch(url);
  if (!response.ok) throw new TypeError(`${url} answered ${response.status}`);
  return (await response.json()) as Atlas;
}

export async function coarse(): Promise<World> {
  const atlas = await topology(coarseUrl);
  return { land: feature(atlas, atlas.objects.land), borders: null, countries: [] };
}

export async function fine(): Promise<World> {
  const atlas = await topology(fineUrl);
  const countries = feature(atlas, atlas.objects.countries) as FeatureCollection<Polygon | MultiPolygon, { name: string }>;
  return { land: feature(atlas, atlas.objects.land), borders: mesh(atlas, atlas.objects.countries, (a, b) => a !== b), countries: countries.features };
}

/** The name of the country around a place, if the countries are loaded and it is not at sea. */
export function countryOf({ countries }: World, latitude: number, longitude: number): string | null {
  return countries.find((country) => geoContains(country, [longitude, latitude]))?.properties.name ?? null;
}
