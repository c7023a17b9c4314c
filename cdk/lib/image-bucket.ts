import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, Grant, PolicyStatement, ServicePrincipal, type Role } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, HttpMethods, ObjectOwnership, StorageClass, TransitionDefaultMinimumObjectSize, type CorsRule, type LifecycleRule, type Transition } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { DataKey } from './data-key.ts';
import { removalPolicyOf, type Environment } from './environment.ts';
import { acknowledgeWildcard, distributionsOf } from './iam.ts';
import type { TaskFunction } from './task-function.ts';

/** The areas (key prefixes) of the bucket. Only objects created in `raw-uploads/` start executions. */
export type Area = 'raw-uploads/' | 'processed/' | 'results/' | 'archived/' | 'operations/' | 'operations/imports/';

export interface ImageBucketProps {
  readonly environment: Environment;
  readonly dataKey: DataKey;
  /** How long Rekognition's answers are kept, in days; 0 = for ever. */
  readonly retentionDays: number;
  /** How long access logs are kept, in days. */
  readonly logRetentionDays: number;
  /** The page that uploads to the bucket and shows its pictures; undefined if there is none. `origin` may contain one wildcard. */
  readonly page: { readonly origin: string } | undefined;
}

/** The private bucket of images and Rekognition's answers, and the bucket with its access log. */
export class ImageBucket extends Construct {
  readonly bucket: Bucket;
  private readonly dataKey: DataKey;
  /** The export name of the bucket's ARN: cdk-nag shows it as the resource in policies of other stacks. */
  private readonly arnImport: string;

  constructor(scope: Construct, id: string, props: ImageBucketProps) {
    super(scope, id);
    this.dataKey = props.dataKey;
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      bucketKeyEnabled: true,
      ...(props.page && { cors: [corsRule(props.page.origin)] }),
      encryption: BucketEncryption.KMS,
      encryptionKey: props.dataKey.key,
      enforceSSL: true,
      lifecycleRules: lifecycleRules(props.retentionDays),
      minimumTLSVersion: 1.2,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: removalPolicyOf(props.environment),
      serverAccessLogsBucket: this.accessLogs(props),
      serverAccessLogsPrefix: 'images/',
      transitionDefaultMinimumObjectSize: TransitionDefaultMinimumObjectSize.ALL_STORAGE_CLASSES_128_K,
      versioned: true,
    });
    sendEventsToEventBridge(this.bucket);
    this.denyOtherKeys();
    if (props.page) this.allowDistributions();
    this.arnImport = importName(this.bucket);
  }

  /** Grants actions on the objects of an area, and the use of the key that they need. */
  grantObjects(grantee: TaskFunction | Role, area: Area, ...actions: `s3:${string}`[]): void {
    Grant.addToPrincipal({ grantee, actions, resourceArns: [this.bucket.arnForObjects(`${area}*`)] });
    if (actions.includes('s3:GetObject')) this.dataKey.grant(grantee, 'readObjects');
    if (actions.includes('s3:PutObject')) this.dataKey.grant(grantee, 'writeObjects');
    acknowledgeWildcard(grantee, `${this.arnImport}/${area}*`, `Uploads choose the keys below ${area}; the statement allows single actions in this one area.`);
  }

  /** Lets the function read every version of an upload, and find out which versions exist. */
  grantReadUploads(grantee: TaskFunction): void {
    this.grantObjects(grantee, 'raw-uploads/', 's3:GetObject', 's3:GetObjectVersion');
    this.grantFindUploads(grantee);
  }

  /** Lets the function find out whether an upload exists, and in which versions. */
  grantFindUploads(grantee: TaskFunction): void {
    this.grantListObjects(grantee, 'raw-uploads/');
    this.grantListVersions(grantee, 'raw-uploads/');
  }

  /** Lets the function read and write the tags of an upload. */
  grantTagUploads(grantee: TaskFunction): void {
    this.grantObjects(grantee, 'raw-uploads/', 's3:GetObjectTagging', 's3:GetObjectVersionTagging', 's3:PutObjectTagging', 's3:PutObjectVersionTagging');
  }

  /** Lets the function list the versions of objects in an area. */
  grantListVersions(grantee: TaskFunction, area: Area): void {
    this.grantOnBucket(grantee, 's3:ListBucketVersions', { StringLike: { 's3:prefix': `${area}*` } });
  }

  /** Lets a state machine's role read the item list of a distributed Map, and write the files of its ResultWriter. */
  grantMapFiles(grantee: Role, area: Area): void {
    this.grantObjects(grantee, area, 's3:GetObject', 's3:PutObject', 's3:ListMultipartUploadParts', 's3:AbortMultipartUpload');
    this.dataKey.grant(grantee, 'writeMapResults');
  }

  /**
   * Lets the function tell an absent object from a denied one: S3 answers a read of an absent object with "access denied" unless the role
   * may list the bucket. Only listings with a prefix in this area are allowed; crates/aws lists the one key.
   */
  grantListObjects(grantee: TaskFunction, area: Area): void {
    this.grantOnBucket(grantee, 's3:ListBucket', { StringLike: { 's3:prefix': `${area}*` } });
  }

  /** Lets the function delete all versions of objects in an area. */
  grantDeleteVersions(grantee: TaskFunction, area: Area): void {
    this.grantListVersions(grantee, area);
    this.grantObjects(grantee, area, 's3:DeleteObjectVersion');
  }

  /** Sets the variable IMAGES_BUCKET, for functions whose input does not name the bucket. */
  setBucketVariable(grantee: TaskFunction): void {
    grantee.fn.addEnvironment('IMAGES_BUCKET', this.bucket.bucketName);
  }

  private grantOnBucket(grantee: TaskFunction, action: string, conditions: Record<string, Record<string, string>>): void {
    grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [action], resources: [this.bucket.bucketArn], conditions }));
  }

  /**
   * Denies uploads that name another KMS key or a customer-provided key (SSE-C), because no function could read them. Uploads that
   * name no key are encrypted with the bucket's key.
   */
  private denyOtherKeys(): void {
    const { keyArn, keyId } = this.dataKey.key;
    const kmsKey = 's3:x-amz-server-side-encryption-aws-kms-key-id';
    const deny = (sid: string, conditions: Record<string, Record<string, unknown>>): void => {
      this.bucket.addToResourcePolicy(
        new PolicyStatement({ sid, effect: Effect.DENY, principals: [new AnyPrincipal()], actions: ['s3:PutObject'], resources: [this.bucket.arnForObjects('*')], conditions }),
      );
    };
    // StringNotEquals also matches if the header is absent; Null excludes that case.
    deny('RefuseOtherKmsKeys', { StringNotEquals: { [kmsKey]: [keyArn, keyId] }, Null: { [kmsKey]: 'false' } });
    deny('RefuseCustomerKeys', { Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' } });
  }

  /**
   * Lets CloudFront read pictures. It names the distributions of this account instead of the one of the web stack, because this stack must not
   * refer to that one. CloudFront documents the source ARN, which contains the account, and no source account.
   */
  private allowDistributions(): void {
    const statement = new PolicyStatement({
      sid: 'ReadPicturesForThePage',
      principals: [new ServicePrincipal('cloudfront.amazonaws.com')],
      actions: ['s3:GetObject'],
      resources: [this.bucket.arnForObjects('processed/*')],
      conditions: { ArnLike: { 'aws:SourceArn': distributionsOf(this) } },
    });
    this.bucket.addToResourcePolicy(statement);
  }

  private accessLogs(props: ImageBucketProps): Bucket {
    const bucket = new Bucket(this, 'AccessLogs', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      lifecycleRules: [{ id: 'expire', expiration: Duration.days(props.logRetentionDays), abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: removalPolicyOf(props.environment),
    });
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'This bucket receives the access log of the image bucket; its own access log would log itself.',
    });
    return bucket;
  }
}

/** Sets the CloudFormation property; the L2 construct's eventBridgeEnabled would deploy a Lambda function instead. */
function sendEventsToEventBridge(bucket: Bucket): void {
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof CfnBucket)) throw new TypeError('the bucket has no CfnBucket');
  resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
}

/** Lets the page upload and download by presigned links, which S3 checks: an origin alone gives no access. */
function corsRule(origin: string): CorsRule {
  return {
    allowedOrigins: [origin],
    allowedMethods: [HttpMethods.GET, HttpMethods.HEAD, HttpMethods.PUT],
    allowedHeaders: ['content-type', 'if-none-match', 'x-amz-*'],
    exposedHeaders: ['etag', 'x-amz-version-id'],
    maxAge: 3000,
  };
}

function importName(bucket: Bucket): string {
  const stack = Stack.of(bucket);
  const imported = stack.resolve(stack.exportValue(bucket.bucketArn)) as { 'Fn::ImportValue': string };
  return imported['Fn::ImportValue'];
}

/**
 * Standard for 30 days, Infrequent Access until 90, then Glacier Instant Retrieval.
 *
 * Re-runs, late reviews and people read old photos with a plain GetObject; the other Glacier classes would have to restore
 * them first. Objects under 128 KB, such as all thumbnails, stay in Standard, where they cost less.
 */
const TRANSITIONS: Transition[] = [
  { storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(30) },
  { storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: Duration.days(90) },
];

/** How long the original stays after an upload to the same key replaced it. Its processed copy stays as long as its record. */
const REPLACED_ORIGINALS = Duration.days(90);

/** How long replaced or deleted copies stay; our functions can create them again. */
const REPLACED_COPIES = Duration.days(30);

/** How long lists and results of imports, and bookmarks of reconcile, stay. Without a bookmark, reconcile starts from the beginning. */
const OPERATIONS_FILES = Duration.days(90);

/**
 * The lifecycle rules of the image bucket.
 *
 * @param retentionDays how long Rekognition's answers are kept, in days; 0 = for ever.
 */
function lifecycleRules(retentionDays: number): LifecycleRule[] {
  return [
    { id: 'raw-uploads', prefix: 'raw-uploads/', transitions: TRANSITIONS, noncurrentVersionExpiration: REPLACED_ORIGINALS },
    { id: 'processed', prefix: 'processed/', transitions: TRANSITIONS, noncurrentVersionExpiration: REPLACED_COPIES },
    { id: 'archived', prefix: 'archived/', transitions: TRANSITIONS, noncurrentVersionExpiration: REPLACED_COPIES },
    {
      id: 'results',
      prefix: 'results/',
      noncurrentVersionExpiration: REPLACED_COPIES,
      ...(retentionDays > 0 && { expiration: Duration.days(retentionDays) }),
    },
    // Bookmarks are rewritten every few minutes, so old versions go after a day.
    { id: 'operations', prefix: 'operations/', expiration: OPERATIONS_FILES, noncurrentVersionExpiration: Duration.days(1) },
    { id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
    { id: 'delete-markers', expiredObjectDeleteMarker: true },
  ];
}
