// The shapes of the API, in the form of openapi-typescript.
export interface components {
  schemas: {
    Box: { left: number; top: number; width: number; height: number };
    Label: { name: string; confidence: number; source: 'REKOGNITION' | 'OWN' };
    Why: {
      term: string;
      kind: 'LABEL' | 'ALIAS' | 'PARENT' | 'TEXT' | 'NAME' | 'OWN' | 'TITLE';
      label: string;
      found: string;
      confidence: number;
    };
    Position: { latitude: number; longitude: number };
    ImageSummary: {
      imageId: string;
      name: string | null;
      title: string | null;
      uploadedAt: string;
      status: 'PENDING' | 'COMPLETED' | 'FAILED';
      statusReason: string | null;
      reviewStatus: 'NONE' | 'PENDING' | 'APPROVED' | 'REJECTED' | 'EXPIRED';
      verdict: 'CLEAR' | 'ALERT' | 'REVIEW' | 'BLOCK' | null;
      withheld: boolean;
      width: number | null;
      height: number | null;
      thumbhash: string | null;
      topLabels: components['schemas']['Label'][];
      faceCount: number;
      textLineCount: number;
      position: components['schemas']['Position'] | null;
      thumbnail: string | null;
      thumbnailLarge: string | null;
      why: components['schemas']['Why'][];
    };
    Images: { images: components['schemas']['ImageSummary'][]; next: string | null; nearest: string[] };
    Months: { months: { month: string; count: number }[] };
    FullLabel: {
      name: string;
      confidence: number;
      source: 'REKOGNITION' | 'OWN';
      parents: string[];
      aliases: string[];
      categories: string[];
      instances: { box: components['schemas']['Box'] }[];
    };
    Scored: { name: string; confidence: number };
    Face: {
      box: components['schemas']['Box'];
      confidence: number;
      ageRange: { low: number; high: number } | null;
      gender: components['schemas']['Scored'] | null;
      emotions: components['schemas']['Scored'][];
      attributes: components['schemas']['Scored'][];
      pose: { roll: number; yaw: number; pitch: number } | null;
      quality: { brightness: number; sharpness: number } | null;
    };
    TextLine: { text: string; confidence: number; box: components['schemas']['Box'] };
    Flag: { name: string; parent: string | null; level: number; confidence: number; action: 'ALERT' | 'REVIEW' | 'BLOCK' | null };
    AnalysisReport: {
      name: 'labels' | 'faces' | 'text' | 'moderation';
      outcome: 'PENDING' | 'DONE' | 'SKIPPED' | 'FAILED';
      reason: string | null;
    };
    Exif: { takenAt: string | null; camera: string | null; position: components['schemas']['Position'] | null };
    Review: {
      status: components['schemas']['ImageSummary']['reviewStatus'];
      by: string | null;
      at: string | null;
      reason: string | null;
      requestedAt: string | null;
      deadline: string | null;
      claimedBy: string | null;
      claimedUntil: string | null;
    };
    Image: components['schemas']['ImageSummary'] & {
      statusDetail: string | null;
      labels: components['schemas']['FullLabel'][];
      removedLabels: string[];
      ownLabels: string[];
      faces: components['schemas']['Face'][];
      textLines: components['schemas']['TextLine'][];
      flags: components['schemas']['Flag'][];
      analyses: components['schemas']['AnalysisReport'][];
      exif: components['schemas']['Exif'] | null;
      warnings: string[];
      review: components['schemas']['Review'];
      format: 'JPEG' | 'PNG' | 'WEBP' | null;
      size: number;
      sha256: string | null;
      execution: string | null;
      copy: string | null;
      original: string | null;
      attempts: number;
      finishedAt: string | null;
      edits: number;
    };
    Patch: {
      title?: string | null;
      addLabels?: string[];
      removeLabels?: string[];
      restoreLabels?: string[];
      dropLabels?: string[];
      edits: number;
    };
    Receipt: {
      imageId: string;
      erasedBefore: string | null;
      erasedAt: string | null;
      originals: number;
      copies: number;
      results: number;
      archived: number;
      labelRows: number;
      records: number;
      review: boolean;
      trends: boolean;
      executionStopped: boolean | null;
      lateWrites: 'NONE' | 'POSSIBLE' | 'UNFINISHED' | 'IN_USE' | null;
      lookAgainAt: string | null;
    };
    Erasure: { imageId: string; receipt: components['schemas']['Receipt'] | null; problem: components['schemas']['Problem'] | null };
    UploadFile: { name: string; type: string; size: number; sha256: string };
    UploadAnswer:
      | { name: string; outcome: 'UPLOAD'; imageId: string; url: string; headers: Record<string, string>; expiresAt: string }
      | { name: string; outcome: 'KNOWN'; imageId: string; status: 'PENDING' | 'COMPLETED' | 'FAILED' | null; reason: string | null; detail: string | null }
      | { name: string; outcome: 'REFUSED'; reason: string; detail: string };
    ReviewItem: {
      image: components['schemas']['ImageSummary'];
      flags: components['schemas']['Flag'][];
      requestedAt: string | null;
      deadline: string | null;
      claimedBy: string | null;
      claimedUntil: string | null;
      mine: boolean;
    };
    Reviews: { reviews: components['schemas']['ReviewItem'][]; next: string | null; waiting: number };
    Trends: {
      scope: 'own' | 'deployment';
      weeks: { week: string; labels: { name: string; count: number }[] }[];
      days: { day: string; completed: number; withheld: number; rejected: number; failed: number; calls: number; costUsd: number }[];
      /** `null` and none for the scope `own`. */
      reviewsWaiting: number | null;
      reasons: { name: string; count: number }[];
    };
    Terms: { terms: { term: string; count: number; kind: string }[] };
    ExecutionSummary: {
      id: string;
      arn: string;
      status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED' | 'PENDING_REDRIVE';
      startedAt: string;
      stoppedAt: string | null;
      imageId: string | null;
      imageName: string | null;
      error: string | null;
      cause: string | null;
      redrivable: boolean;
      why: string | null;
    };
    ExecutionPage: { executions: components['schemas']['ExecutionSummary'][]; next: string | null };
    InputSummary: {
      imageId: string | null;
      key: string | null;
      size: number | null;
      width: number | null;
      height: number | null;
      labels: string[] | null;
      faces: number | null;
      textLines: number | null;
      verdict: string | null;
      error: string | null;
    };
    ExecutionState: {
      name: string;
      kind: string;
      outcome: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CAUGHT' | 'STOPPED' | 'DONE' | 'SKIPPED';
      attempts: number;
      startedAt: string | null;
      endedAt: string | null;
      error: string | null;
      cause: string | null;
      input: components['schemas']['InputSummary'] | null;
      note: string | null;
    };
    Execution: components['schemas']['ExecutionSummary'] & { redrives: number; states: components['schemas']['ExecutionState'][] };
    RedriveOutcomes: { outcomes: { id: string; imageId: string | null; action: string; reason: string | null; newId: string | null }[]; more: boolean };
    Me: {
      sub: string;
      groups: string[];
      limits: { maxBytes: number; types: string[]; maxFilesPerRequest: number; maxPixels: number; minSide: number };
    };
    Problem: { type: string; title: string; status: number; detail: string; requestId?: string; [member: string]: unknown };
  };
}

type Schemas = components['schemas'];
type Json<T> = { content: { 'application/json': T } };
type Answers<T> = { 200: Json<T>; default: { content: { 'application/problem+json': Schemas['Problem'] } } };
type Query<Q, T> = { parameters: { query?: Q }; responses: Answers<T> };
type Read<T> = { parameters: { path: { id: string } }; responses: Answers<T> };
type Write<B, T> = { parameters: { path: { id: string } }; requestBody: Json<B>; responses: Answers<T> };

export interface paths {
  '/api/me': { get: Query<never, Schemas['Me']> };
  '/api/uploads': { post: { requestBody: Json<{ files: Schemas['UploadFile'][] }>; responses: Answers<{ files: Schemas['UploadAnswer'][] }> } };
  '/api/images': {
    get: Query<
      {
        q?: string;
        label?: string;
        minConfidence?: number;
        status?: string;
        from?: string;
        to?: string;
        hasFaces?: boolean;
        hasText?: boolean;
        hasPosition?: boolean;
        ids?: string;
        since?: string;
        limit?: number;
        cursor?: string;
      },
      Schemas['Images']
    >;
  };
  '/api/images/months': { get: Query<never, Schemas['Months']> };
  '/api/images:delete': { post: { requestBody: Json<{ ids: string[] }>; responses: Answers<{ receipts: Schemas['Erasure'][] }> } };
  '/api/images/{id}': {
    get: Read<Schemas['Image']>;
    patch: Write<Schemas['Patch'], Schemas['Image']>;
    delete: Read<Schemas['Receipt']>;
  };
  '/api/images/{id}/answers/{analysis}': {
    get: { parameters: { path: { id: string; analysis: 'labels' | 'faces' | 'text' | 'moderation' } }; responses: Answers<Record<string, unknown>> };
  };
  '/api/reviews': { get: Query<{ cursor?: string }, Schemas['Reviews']> };
  '/api/reviews/{id}': { get: Read<Schemas['Image']> };
  '/api/reviews/{id}/claim': { post: Read<{ claimedUntil: string }> };
  '/api/reviews/{id}/decision': { post: Write<{ decision: 'APPROVED' | 'REJECTED'; reason?: string }, Record<string, unknown>> };
  '/api/trends': { get: Query<{ weeks?: number; scope?: 'own' | 'deployment' }, Schemas['Trends']> };
  '/api/terms': { get: Query<{ prefix?: string }, Schemas['Terms']> };
  '/api/executions': { get: Query<{ status?: Schemas['ExecutionSummary']['status']; since?: string; cursor?: string }, Schemas['ExecutionPage']> };
  '/api/executions/{id}': { get: Read<Schemas['Execution']> };
  '/api/executions/{id}/redrive': { post: Write<{ dryRun?: boolean }, Schemas['RedriveOutcomes']> };
  '/api/executions:redrive': {
    post: { requestBody: Json<{ ids?: string[]; error?: string; since?: string; dryRun?: boolean }>; responses: Answers<Schemas['RedriveOutcomes']> };
  };
}
