-- Shared by append.lua and read.lua: where each of a user's tasks is (G10). The same steps as memory/progress.ts.
-- One field of the hash is one task: `<at> <run> <update> <step> <total> <percent> <advances> <stepped_at> <steps> <span>`
-- and, in the middle of a run, a line feed and the newest update as it was handed over.

local most_tasks, freed_tasks = 1000, 50
-- What the pace goes by fades by 1/e in so many ms, but by no more than this from one step to the next.
local pace_fades_ms, least_kept = 30000, 0.85
-- What a run has to have shown before its pace means something.
local least_advances, least_run_ms = 2, 200

local task_words = '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)'

-- nil where there is no task, or nothing was heard of it since `oldest_ms`.
local function task_of(value, oldest_ms)
  local at, run, update, step, total, percent, advances, stepped_at, steps, span = string.match(value or '', task_words)
  if not span or tonumber(at) <= oldest_ms then return nil end
  return {
    at = tonumber(at), run = tonumber(run), update = tonumber(update), step = tonumber(step), total = tonumber(total),
    percent = percent, advances = tonumber(advances), stepped_at = tonumber(stepped_at), steps = tonumber(steps),
    span = tonumber(span),
  }
end

-- What an update makes of a task; nil for one that would go backwards. A run begins with step 0, or with 1 after the
-- end of another.
local function advanced(old, new)
  local is_over = old and old.step == old.total
  if not old or (new.step == 0 and old.step > 0) or (new.step == 1 and is_over) then
    return {
      at = new.now, run = old and math.max(new.now, old.run + 1) or new.now, update = 1, step = new.step, total = new.total,
      percent = new.percent, advances = 0, stepped_at = new.now, steps = 0, span = 0,
    }
  end
  if new.step < old.step then return nil end
  -- What a status ended is not taken up again by what was on its way.
  if is_over and new.step == old.step and new.total ~= old.total then return nil end
  if new.step > old.step then
    local passed = math.max(0, new.now - old.stepped_at)
    local kept = math.max(math.exp(-passed / pace_fades_ms), least_kept)
    old.steps, old.span = old.steps * kept + new.step - old.step, old.span * kept + passed
    old.advances, old.stepped_at = old.advances + 1, new.now
  end
  if tonumber(new.percent) > tonumber(old.percent) then old.percent = new.percent end
  old.at, old.update, old.step, old.total = new.now, old.update + 1, new.step, new.total
  return old
end

-- The time that the rest of a run will take, in ms; nil while nobody knows.
local function remaining_ms(task)
  if task.step == task.total then return 0 end
  if task.advances < least_advances or task.at - task.run < least_run_ms or task.span == 0 then return nil end
  return math.floor((task.total - task.step) * task.span / task.steps + 0.5)
end

local function progress_fields(percent, remaining)
  local seconds = remaining and string.format('%.2f', remaining / 1000) or 'null'
  return ',"progress_percent":' .. percent .. ',"estimated_seconds_remaining":' .. seconds
end

-- Makes room where there are too many tasks: those not heard of within the window go first, then those that ended,
-- then the rest; of each the longest silent. Several go at a time, so that not every new task has to look at all.
local function free_tasks(progress, oldest_ms)
  if redis.call('HLEN', progress) < most_tasks then return end
  local all, tasks = redis.call('HGETALL', progress), {}
  for i = 1, #all, 2 do
    local task = task_of(all[i + 1], oldest_ms)
    local rank = not task and 0 or task.step == task.total and 1 or 2
    tasks[#tasks + 1] = { name = all[i], rank = rank, at = task and task.at or 0 }
  end
  table.sort(tasks, function(one, other)
    if one.rank ~= other.rank then return one.rank < other.rank end
    if one.at ~= other.at then return one.at < other.at end
    return one.name < other.name
  end)
  for i = 1, #tasks - most_tasks + freed_tasks do redis.call('HDEL', progress, tasks[i].name) end
end

-- Where an update leads; nil for one that would go backwards.
local function advance(progress, name, new)
  local value = redis.call('HGET', progress, name)
  local task = advanced(task_of(value, new.now - new.window_ms), new)
  if task and not value then free_tasks(progress, new.now - new.window_ms) end
  return task
end

local function keep_task(progress, name, task, record)
  local kept = string.format('%.0f %.0f %.0f %.0f %.0f %s %.0f %.0f %.9g %.9g', task.at, task.run, task.update, task.step,
    task.total, task.percent, task.advances, task.stepped_at, task.steps, task.span)
  redis.call('HSET', progress, name, task.step < task.total and kept .. '\n' .. record or kept)
end

-- Where a task is, whenever it was last heard of; nil for one that is not known.
local function known_task(progress, name) return task_of(redis.call('HGET', progress, name), 0) end

-- A status ended the run, however far it came: nobody is shown it any more.
local function end_task(progress, name, task)
  task.total = task.step
  keep_task(progress, name, task)
end

-- The labels that tell which update of its task it is.
local function place_of(task)
  return string.format('%.0f %.0f %.0f %.0f', task.run, task.update, task.step, task.total)
end

-- The newest update of each task in the middle of a run.
local function running_tasks(progress, oldest_ms)
  local records = {}
  for _, value in ipairs(redis.call('HVALS', progress)) do
    local line = string.find(value, '\n', 1, true)
    if line and task_of(value, oldest_ms) then records[#records + 1] = string.sub(value, line + 1) end
  end
  return records
end
