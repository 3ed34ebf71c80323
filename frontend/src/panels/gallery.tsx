import { galleryIsOpen } from "../store";

export function Gallery() {
  return (
    <section class="gallery" aria-label="Gallery of picks">
      <button type="button" onClick={() => (galleryIsOpen.value = false)}>Back to the micrograph</button>
    </section>
  );
}
