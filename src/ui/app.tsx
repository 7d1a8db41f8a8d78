// The frame around every screen: who is on the table, what the tube does, and the way about.

import { signal } from "@preact/signals";
import { patientLine, personName } from "./format.ts";
import { Icon } from "./icons.tsx";
import { isTyping, OnScreenKeyboard } from "./parts/keyboard.tsx";
import { Lamp } from "./parts/lamp.tsx";
import { Notices } from "./parts/notices.tsx";
import { ArchiveScreen } from "./screens/archive.tsx";
import { ExamScreen } from "./screens/exam.tsx";
import { JobsScreen } from "./screens/jobs.tsx";
import { StartScreen } from "./screens/start.tsx";
import { StudiesScreen } from "./screens/studies.tsx";
import { StudyScreen } from "./screens/study.tsx";
import { SystemScreen } from "./screens/system.tsx";
import { go, health, link, offered, openExam, runningJobs, screen } from "./state.ts";
import { strings } from "./strings.ts";

const CLOCK_MS = 1_000;
const clock = signal(timeOfDay());
setInterval(() => {
  clock.value = timeOfDay();
}, CLOCK_MS);

function timeOfDay(): string {
  const now = new Date(performance.timeOrigin + performance.now());
  return `${String(now.getHours()).padStart(2, "0")}:${String(now.getMinutes()).padStart(2, "0")}`;
}

export function App() {
  return (
    <div class={`kiosk${isTyping() ? " typing" : ""}`}>
      <TopBar />
      <Navigation />
      <main>
        <CurrentScreen />
      </main>
      <OnScreenKeyboard />
      <Notices />
      <LinkVeil />
    </div>
  );
}

function CurrentScreen() {
  const shown = screen.value;
  switch (shown.name) {
    case "start":
      return <StartScreen />;
    case "exam":
      return <ExamScreen />;
    case "studies":
      return <StudiesScreen />;
    case "study":
      return <StudyScreen key={shown.studyInstanceUid} studyInstanceUid={shown.studyInstanceUid} />;
    case "archive":
      return <ArchiveScreen />;
    case "jobs":
      return <JobsScreen />;
    case "system":
      return <SystemScreen />;
  }
}

function TopBar() {
  const exam = openExam.value;
  const device = health.value?.device;
  return (
    <header class="top-bar">
      <div class="station">
        <b>{device?.modelName ?? "UDR-10A"}</b>
        <span>{device?.stationName}</span>
      </div>
      <div class={`patient${exam === null ? " nobody" : ""}`}>
        {exam === null ? (
          <span>{strings.patient.anonymous}</span>
        ) : (
          <>
            <b>{personName(exam.patient.name)}</b>
            <span>{patientLine(exam.patient)}</span>
          </>
        )}
      </div>
      <Lamp />
      <time>{clock.value}</time>
    </header>
  );
}

const PLACES = ["start", "exam", "studies", "archive", "jobs", "system"] as const;

function Navigation() {
  const here = screen.value.name === "study" ? "studies" : screen.value.name;
  const unwell = health.value !== null && health.value.status !== "ok";
  return (
    <nav>
      {PLACES.filter((place) => place !== "archive" || offered("POST", "/query")).map((place) => (
        <button
          key={place}
          type="button"
          class={here === place ? "here" : ""}
          aria-current={here === place ? "page" : undefined}
          onClick={() => go({ name: place })}
        >
          <Icon name={place === "archive" ? "retrieve" : place} size={32} />
          <span>{strings.nav[place]}</span>
          {place === "jobs" && runningJobs.value > 0 && <i class="badge">{runningJobs.value}</i>}
          {place === "exam" && openExam.value !== null && <i class="badge dot" />}
          {place === "system" && unwell && <i class="badge warn">!</i>}
        </button>
      ))}
    </nav>
  );
}

/** Covers the screen while the device is away: nothing on it would work. */
function LinkVeil() {
  if (link.value === "up") return null;
  return (
    <div class="veil link-veil" role="alert">
      <div class="link-message">
        <div class="spinner" />
        <h2>{link.value === "connecting" ? strings.connecting : strings.restarting}</h2>
        {link.value === "down" && <p>{strings.restartingDetail}</p>}
      </div>
    </div>
  );
}
