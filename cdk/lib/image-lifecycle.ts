import { Duration } from 'aws-cdk-lib';
import { StorageClass, type LifecycleRule, type Transition } from 'aws-cdk-lib/aws-s3';

/**
 * Standard for 30 days, Infrequent Access until 90, then Glacier.
 *
 * Glacier *Instant Retrieval*, because a re-run, a late review or somebody who looks at an old photo reads with a plain
 * GetObject, at once; from the other Glacier classes each would first have to be restored. Objects under 128 KB stay in
 * Standard (there they cost less), and so do all thumbnails.
 */
const COOLING: Transition[] = [
  { storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(30) },
  { storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: Duration.days(90) },
];

/** An upload to the same key makes a new image; the original of the older one stays for this long, its processed copy as long as its record. */
const REPLACED_ORIGINALS = Duration.days(90);

/** What our own functions overwrite or delete, they can make again. */
const REPLACED_COPIES = Duration.days(30);

/** Lists and results of imports. A bookmark that expired is as one that never was: reconcile begins anew. */
const WORKING_PAPERS = Duration.days(90);

/**
 * What becomes of the objects with time.
 *
 * @param retentionDays how long Rekognition's answers are kept; 0 = for ever.
 */
export function imageLifecycle(retentionDays: number): LifecycleRule[] {
  return [
    { id: 'raw-uploads', prefix: 'raw-uploads/', transitions: COOLING, noncurrentVersionExpiration: REPLACED_ORIGINALS },
    { id: 'processed', prefix: 'processed/', transitions: COOLING, noncurrentVersionExpiration: REPLACED_COPIES },
    { id: 'archived', prefix: 'archived/', transitions: COOLING, noncurrentVersionExpiration: REPLACED_COPIES },
    {
      id: 'results',
      prefix: 'results/',
      noncurrentVersionExpiration: REPLACED_COPIES,
      ...(retentionDays > 0 && { expiration: Duration.days(retentionDays) }),
    },
    // Bookmarks are written anew all the time; what an import came to is looked at within weeks.
    { id: 'operations', prefix: 'operations/', expiration: WORKING_PAPERS, noncurrentVersionExpiration: Duration.days(1) },
    { id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
    { id: 'delete-markers', expiredObjectDeleteMarker: true },
  ];
}
