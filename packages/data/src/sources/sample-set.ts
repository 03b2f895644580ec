import type { Sample } from '../conversations/sample.js';
import type { DatasetRecord } from './record.js';

/** Where a picture's bytes come from. */
export interface PictureSource {
  /** Store and name, for messages; the same picture has the same name. */
  readonly name: string;
  /** @throws {LlavaError} `not-found`, `corrupt` or `unavailable`, naming the picture */
  read(): Promise<Uint8Array>;
}

/** A checked sample with its picture at hand. */
export interface LocatedSample {
  readonly sample: Sample;
  /** File and index, for messages. */
  readonly place: string;
  readonly picture: PictureSource | null;
}

/** Where a record stands. */
export interface RecordAddress {
  readonly file: string;
  readonly digest: string;
  readonly index: number;
}

/** The samples of a stage, any of which can be read by its ordinal, by any worker. */
export interface SampleSet {
  readonly samples: number;
  /** SHA-256 in hex of what is read and how: two sets with the same digest have the same samples in the same order. */
  readonly digest: string;
  /** Samples that a quarantine list took out. */
  readonly quarantined: number;
  /** UTF-16 units of all turns together, known without reading the sample. */
  textLength(ordinal: number): number;
  /** Pictures of a sample, known without reading it. */
  pictures(ordinal: number): number;
  address(ordinal: number): RecordAddress;
  /** The entry as it stands in the file. @throws {LlavaError} `bad-input` when it cannot be parsed */
  record(ordinal: number): Promise<DatasetRecord>;
  /** The picture of a record that names one. */
  pictureOf(ordinal: number, name: string): PictureSource;
  /** @throws {LlavaError} `bad-input` naming file, index and field; the picture is looked at when it is read */
  read(ordinal: number): Promise<LocatedSample>;
  close(): Promise<void>;
}
