//! Prints what the local models detect in photos, with times: `cargo run -p sightline-vision --example describe -- PHOTOS…`

use std::path::Path;
use std::time::Instant;

use image::{DynamicImage, ImageDecoder, ImageReader};
use sightline_vision::{Models, Photo};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = sightline_vision::default_dir().ok_or("neither SIGHTLINE_MODELS nor HOME is set")?;
    let (models, loading) = timed(|| Models::load(&dir));
    let models = models?;
    println!("models loaded in {loading}, {} MB", resident_megabytes());
    for path in std::env::args().skip(1) {
        describe(&models, Path::new(&path))?;
    }
    Ok(())
}

fn describe(models: &Models, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut decoder = ImageReader::open(path)?.with_guessed_format()?.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    let image = Photo::new(image.to_rgb8());
    println!("\n{} ({}×{})", path.display(), image.pixels().width(), image.pixels().height());

    let (labels, took) = timed(|| models.labels(&image));
    println!("  labels ({took})");
    for label in labels?.iter().filter(|label| label.confidence >= 30.) {
        let instances: Vec<_> = label.instances.iter().map(|instance| instance.confidence.round()).collect();
        println!("    {:5.1} {} {instances:?} {:?}", label.confidence, label.name, label.parents);
    }

    let (faces, took) = timed(|| models.faces(&image));
    println!("  faces ({took})");
    for face in faces? {
        println!("    {:5.1} {:?} {:?} {:?}", face.confidence, face.bounding_box, face.age_range, face.gender);
        println!("          {:?} eyes {:?} mouth {:?} smile {:?}", face.pose, face.eyes_open, face.mouth_open, face.smile);
        println!("          {:?} {:?}, {} landmarks", face.emotions.first(), face.quality, face.landmarks.len());
    }

    let (lines, took) = timed(|| models.text(&image));
    println!("  text ({took})");
    for line in lines? {
        let words: Vec<_> = line.words.iter().map(|word| (&word.text, word.bounding_box.left, word.bounding_box.width)).collect();
        println!("    {:5.1} {:?} {:?}", line.confidence, line.text, words);
    }

    let (moderation, took) = timed(|| models.moderation(&image));
    let moderation = moderation?;
    println!("  moderation ({took}) {:?}", moderation.scores);
    for label in moderation.labels.iter().filter(|label| label.confidence >= 20.) {
        println!("    {:5.1} {}", label.confidence, label.name);
    }
    println!("  {} MB", resident_megabytes());
    Ok(())
}

/// The result, with the elapsed time and the CPU time.
fn timed<T>(work: impl FnOnce() -> T) -> (T, String) {
    let (started, busy) = (Instant::now(), cpu_milliseconds());
    let result = work();
    (result, format!("{} ms, {} ms of CPU", started.elapsed().as_millis(), cpu_milliseconds() - busy))
}

/// CPU time of this process in steps of 10 ms (Linux; 0 elsewhere).
fn cpu_milliseconds() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // User and system time are the 12th and 13th field after the name in brackets.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10
}

/// Memory of this process (Linux; 0 elsewhere).
fn resident_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) / 1024
}
